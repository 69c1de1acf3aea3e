"""Can pictures be rendered here? VTK ends the process where it finds no way, so ask first."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys

from ReirradiationCore.pictures_data import Unavailable

WINDOW_VARIABLE = "VTK_DEFAULT_OPENGL_WINDOW"
EGL_PLATFORM_DEVICE = 0x313F
MAXIMUM_DEVICES = 16
INSTALL = (
    "no pictures were rendered because neither EGL nor OSMesa works on this machine; install one, "
    "on Debian or Ubuntu with: apt-get install libegl1 libgl1-mesa-dri"
)


def prepare_rendering() -> Unavailable | None:
    """Choose how VTK renders without a screen; None if it can.

    Windows and macOS always can. On Linux the choice is handed to VTK in its environment variable
    unless the user has set it.
    """
    if not sys.platform.startswith("linux") or os.environ.get(WINDOW_VARIABLE):
        return None
    if egl_works():
        os.environ[WINDOW_VARIABLE] = "vtkEGLRenderWindow"
        return None
    if ctypes.util.find_library("OSMesa"):
        os.environ[WINDOW_VARIABLE] = "vtkOSOpenGLRenderWindow"
        return None
    return Unavailable(INSTALL)


def egl_works() -> bool:
    """Tell whether EGL is there with a device that starts; the library alone is not enough."""
    name = ctypes.util.find_library("EGL")
    if not name:
        return False
    try:
        egl = ctypes.CDLL(name)
    except OSError:
        return False
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    query = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    open_display = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not query or not open_display:
        return False
    return any(_starts(egl, open_display, device) for device in _devices(query))


def _devices(query: int) -> list[int | None]:
    pointers = ctypes.POINTER(ctypes.c_void_p)
    function = ctypes.CFUNCTYPE(
        ctypes.c_uint, ctypes.c_int, pointers, ctypes.POINTER(ctypes.c_int)
    )(query)
    devices = (ctypes.c_void_p * MAXIMUM_DEVICES)()
    count = ctypes.c_int(0)
    if not function(MAXIMUM_DEVICES, devices, ctypes.byref(count)):
        return []
    return list(devices[: count.value])


def _starts(egl: ctypes.CDLL, open_display: int, device: int | None) -> bool:
    function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(
        open_display
    )
    display = function(EGL_PLATFORM_DEVICE, device, None)
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    return bool(display) and bool(egl.eglInitialize(display, None, None))
