"""The method of ReirradiationPlanner, without Slicer."""
