"""MRML layer of ReirradiationPlanner: one class per file; the scene is always passed in."""
