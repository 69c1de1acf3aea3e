"""ReirradiationPlanner outside the Slicer application: command line, MRML host, pictures, scene."""
