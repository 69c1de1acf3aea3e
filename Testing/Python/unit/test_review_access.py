"""Requests to the review page: only with the token, only from its own page."""

import asyncio

import pytest

web = pytest.importorskip("aiohttp.web", reason="the web viewer is not installed")
from aiohttp import ClientSession, CookieJar  # noqa: E402
from aiohttp.test_utils import TestServer  # noqa: E402
from ReirradiationHeadless.review.access import Access  # noqa: E402


async def _answer(_request):
    return web.Response(text="the patient")


def asked(*requests):
    """Status, text and headers of requests (path, headers) one after the other, cookies kept."""

    async def ask():
        access = Access("secret-token")
        app = web.Application(middlewares=[access.middleware()])
        app.router.add_get("/", _answer)
        app.router.add_get("/ws", _answer)
        found = []
        jar = CookieJar(unsafe=True)
        async with TestServer(app) as server, ClientSession(cookie_jar=jar) as client:
            for path, headers in requests:
                async with client.get(server.make_url(path), headers=headers) as response:
                    found.append((response.status, await response.text(), response.headers))
        return found

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/", "/ws", "/?token=", "/?token=secret-toke", "/nothing"])
def test_request_without_the_token_is_refused_and_told_nothing(path):
    [(status, text, _)] = asked((path, {}))
    assert status == 403
    assert "patient" not in text


def test_address_with_the_token_opens_the_page_and_what_it_loads():
    first, second = asked(("/?token=secret-token", {}), ("/ws", {}))
    assert [first[0], second[0]] == [200, 200]


def test_cookie_is_kept_from_scripts_and_from_other_sites():
    [(_, _, headers)] = asked(("/?token=secret-token", {}))
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]


def test_another_page_of_this_computer_cannot_use_the_cookie():
    found = asked(("/?token=secret-token", {}), ("/ws", {"Origin": "http://127.0.0.1:1"}))
    assert found[1][0] == 403


def test_page_may_load_nothing_from_elsewhere():
    [(_, _, headers)] = asked(("/?token=secret-token", {}))
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    sources = {word for words in policy.values() for word in words.split()}
    assert not {s for s in sources if s.startswith("http") or s == "*"}
    assert policy["default-src"] == "'self'"


def test_every_access_has_another_token():
    assert len({Access().token for _ in range(20)}) == 20
    assert len(Access().token) >= 32


def test_address_holds_host_port_and_token():
    assert Access("abc").address("127.0.0.1", 8080) == "http://127.0.0.1:8080/?token=abc"
    assert Access("abc").address("::1", 80) == "http://[::1]:80/?token=abc"
