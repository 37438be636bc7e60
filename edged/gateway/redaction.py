"""Takes passwords out of URLs, wherever they stand in a text. The node already did; this is the second lock."""

import re

# user, then a password up to the last @ of the word; a number before a slash is a port, so there is no password
_USERINFO = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\"'<>]*):(?!\d{1,5}(?:[/?#]|$))[^\s\"'<>]*@")
_QUERY = re.compile(
    r"(?P<start>[?&;#][\w.-]*(?:pass|pwd|token|key|auth|secret|sig|credential)[\w.-]*=)[^&;#\s\"'<>]+", re.IGNORECASE
)


def redacted(text: str) -> str:
    """`text` with the passwords of its URLs gone: `rtsp://admin:pw@cam/1` is `rtsp://admin@cam/1`."""
    return _QUERY.sub(r"\g<start>***", _USERINFO.sub(r"\g<start>@", text))
