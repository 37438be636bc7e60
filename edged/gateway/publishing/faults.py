"""Why a camera could not be sent on."""

from edged.messages import Cause


class PublishFault(Exception):
    """The text says what, where and what next, and may still hold the URL: redact it before it is shown."""

    def __init__(self, cause: Cause, sentence: str) -> None:
        super().__init__(sentence)
        self.cause: Cause = cause
