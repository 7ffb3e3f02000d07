"""Ask within seconds whether a server answers, before a long download is started."""

import threading
import urllib.error
import urllib.request

_MOST_SECONDS = 8.0


def why_unreachable(url: str, seconds: float = _MOST_SECONDS) -> str | None:
    """Send one HEAD request, by the proxies of the environment.

    Returns:
        `None` where the server answers, else the reason in a few words; after `seconds` in any
        case, also where looking up the name hangs, which no socket timeout covers.
    """
    answer: list[str | None] = []
    # A daemon thread, since a hanging name lookup cannot be stopped and must not keep us alive.
    asking = threading.Thread(target=lambda: answer.append(_ask(url, seconds)), daemon=True)
    asking.start()
    asking.join(seconds)
    return answer[0] if answer else f"no answer within {seconds:g} seconds"


def _ask(url: str, seconds: float) -> str | None:
    request = urllib.request.Request(url, method="HEAD")
    try:
        # An opener of our own: the shared one keeps the proxies of its first use.
        urllib.request.build_opener().open(request, timeout=seconds).close()
    except urllib.error.HTTPError as error:
        return f"it answers HTTP {error.code}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except Exception as error:  # proxies and name lookups fail in many ways; each is an answer
        return str(error) or type(error).__name__
    return None
