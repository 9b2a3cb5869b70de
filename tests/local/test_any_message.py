"""Whatever a client sends is understood or refused; nothing else comes of it."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sessions.local import elevenlabs_settings, gemini_messages
from sessions.local.ending import SessionEnded
from sessions.local.fal_request import Request, Unprocessable

NAMES = """
    setup model generationConfig generation_config responseModalities tools functionDeclarations name
    clientContent turns parts text turnComplete realtimeInput audio data mimeType toolResponse type
    functionResponses user_audio_chunk conversation_config_override agent tts speed dynamic_variables
    first_message prompt image_size width num_images format seed args
"""
KINDS = """
    conversation_initiation_client_data user_message pong contextual_update client_tool_result
    square png AUDIO {{x}}
"""
TEXTS = st.sampled_from(KINDS.split()) | st.text(max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
MESSAGES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES.split()) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(MESSAGES)
def test_any_message_is_understood_or_refused(message: Any) -> None:
    frame = json.dumps(message)
    with suppress(SessionEnded):
        gemini_messages.parse(frame)
    with suppress(elevenlabs_settings.AgentError):
        elevenlabs_settings.AgentSettings.parse(elevenlabs_settings.parse(frame))
    with suppress(Unprocessable):
        Request.parse(json.loads(frame))
