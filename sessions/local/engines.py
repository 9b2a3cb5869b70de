"""The engines that all sessions share."""

from sessions.local.assistant import Assistant, assistant_from_environment
from sessions.local.listener import Detectors
from sessions.local.recogniser import Recogniser
from sessions.local.synthesiser import Synthesiser


class Engines:
    """Each begins to load, on its own thread, when it is made."""

    def __init__(self) -> None:
        self.detectors = Detectors()
        self.recogniser = Recogniser()
        self.synthesiser = Synthesiser()
        self.assistant: Assistant = assistant_from_environment()
