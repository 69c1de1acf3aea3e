"""Serve a review until it is stopped."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vtk
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.pictures_data import Unavailable
from trame.app import get_server
from trame_server.utils.asynchronous import create_task

from ..offscreen import prepare_rendering
from .access import Access
from .actions import Actions
from .layout import make_page, streamed_views
from .page_state import changed_choices_state, choices_state, fixed_state
from .review_scene import ReviewScene
from .session import ReviewSession
from .view_set import ViewSet

LARGEST_PORT = 65535
OPEN = (
    "OPEN TO THE NETWORK: this page is served on {host} without encryption; whoever has the "
    "address sees this patient"
)


def serve_review(path: Path, host: str, port: int, say: Callable[[str], None]) -> None:
    """Open a result and serve it until Ctrl-C.

    Parameters
    ----------
    path : Path
        Folder with the results of a run.
    host : str
        Address to listen on; other than a loopback address it is announced loudly.
    port : int
        0 takes a free one.
    say : callable
        Told the address of the page when it can be opened.

    Raises
    ------
    ReirradiationError
        A folder that cannot be reviewed, or an address that cannot be used.
    """
    require_free(host, port)
    session = ReviewSession.open(path)
    missing = prepare_rendering()
    if isinstance(missing, Unavailable):
        raise RefusedError(missing.reason)
    notice = "" if is_loopback(host) else OPEN.format(host=host)
    server, actions = build(session, notice)
    access = Access()
    server.controller.on_server_bind.add(
        lambda web: web.app.middlewares.append(access.middleware())
    )

    def ready(**_state: Any) -> None:  # noqa: ANN401
        if notice:
            say(notice)
        say(access.address(host, server.port))
        asyncio.get_running_loop().set_exception_handler(_unless_page_closed)
        create_task(actions.prepare())

    server.controller.on_server_ready.add(ready)
    os.environ["TRAME_ARGS"] = ""  # trame would read the options of this program as its own
    server.start(
        port=port,
        host=host,
        open_browser=False,
        show_connection_info=False,
        timeout=0,
        disable_logging=True,
    )


def _unless_page_closed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what fails in the background, but not that a picture met a page just closed."""
    if not isinstance(context.get("exception"), ConnectionResetError):
        loop.default_exception_handler(context)


def build(session: ReviewSession, notice: str = "") -> tuple[Any, Actions]:
    """Return a server with page and views of a session, ready to start."""
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_ERROR)
    scene = ReviewScene.open(session.folder.scene_file)
    server = get_server(f"review-{id(session)}", client_type="vue3")
    state = server.state
    state.update(fixed_state(session, scene, notice))
    state.update(choices_state(session))
    state.update(changed_choices_state(session))
    views = ViewSet(scene, streamed_views(server, scene.host))
    actions = Actions(server, session, scene, views)
    actions.start()
    make_page(server)
    return server, actions


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on.

    Raises
    ------
    RefusedError
        A host that is not of this computer, a port in use or not allowed.
    """
    if not 0 <= port <= LARGEST_PORT:
        reason = f"cannot listen on port {port}; give 0 to {LARGEST_PORT}, 0 for a free one"
        raise RefusedError(reason)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], found[1]) as trial:
            if os.name == "posix":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(found[4])
    except OSError as error:
        reason = f"cannot listen on {host} port {port} ({error}); give --port 0 for a free one"
        raise RefusedError(reason) from error


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this computer only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
