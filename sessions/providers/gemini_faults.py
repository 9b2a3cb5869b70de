"""What Gemini Live means by its close reasons."""

_ADVICE = (
    (
        ("api key not valid", "api_key_invalid", "api key expired"),
        "the provider key is wrong: check GOOGLE_API_KEY",
    ),
    (("unregistered caller", "established identity"), "no provider key was sent: set GOOGLE_API_KEY"),
    (
        ("not found for api version", "not supported for bidigeneratecontent"),
        "there is no such Live model: check --model",
    ),
    (("credits", "prepay"), "the account's credits are used up"),
    (
        ("quota", "resource_exhausted", "resource has been exhausted"),
        "the quota is used up: wait, then reconnect",
    ),
    (("billing", "denied", "suspended"), "the provider has shut out this project: check its billing"),
    (("resumption", "resumed"), "the session cannot be resumed: reconnect for a new one"),
    (("mediachunks", "media_chunks"), "it no longer takes audio in this form"),
    (("extract voices", "non-audio"), "the model speaks only, or writes only: check --model"),
    (("setup must be", "first message"), "it takes the setup once, and first"),
    (("requested entity was not found",), "it lost what the session refers to: reconnect"),
    (
        (
            "not implemented",
            "not supported",
            "precondition",
            "invalid argument",
            "unknown name",
            "invalid json",
        ),
        "it does not accept these settings: check model and voice",
    ),
    (("deadline expired",), "the connection reached its time limit: reconnect"),
    (("internal error",), "the provider had a fault: reconnect"),
)
"""By a part of the reason, the first that fits. The close code is no guide (1007, 1008 and 1011 are gRPC
statuses in WebSocket's clothes, and a wrong key has come as two of them). Words are looked for that stand
early, as a reason is cut at 123 bytes."""


def explain_close(reason: str) -> str:
    """Return what a close reason means, or nothing."""
    said = reason.lower()
    return next((advice for parts, advice in _ADVICE if any(part in said for part in parts)), "")
