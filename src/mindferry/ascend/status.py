"""ACL's status codes as sentences: what happened and what to do.

Codes from 100000 on are ACL's own, from 107000 and 207000 on the runtime's, from 145000 on the model manager's; from
500000 on they are faults inside CANN, from 507000 on those of the device.
"""

from __future__ import annotations

from mindferry.errors import BackendFailed, MindFerryError, NoDevice

_FAULT = "see the log in ~/ascend/log"
_OTHER_CANN = "use a CANN that is as new as the one that compiled the model"
_RECOMPILE = "compile the model again for this device"
_DRIVER = "see with npu-smi info whether the driver knows the device"

MEANINGS = {
    100000: ("an argument is wrong", _FAULT),
    100001: ("ACL is not initialised", _FAULT),
    100003: ("the file is wrong", "see that it is whole"),
    100004: ("the file is not one that ACL writes", "see that it is whole"),
    100005: ("a path is wrong", "see that the file is there and readable"),
    100012: ("it stands in the way of another task", "try again"),
    100024: ("the operator is not compiled", "compile it with ATC's --singleop and name the folder"),
    100028: ("the model does not exist", _FAULT),
    100029: ("the model is of an unsupported kind", _RECOMPILE),
    100037: ("ACL is finalised already", _FAULT),
    100038: ("the model's preprocessing is not static", "compile it with static AIPP"),
    107000: ("an argument of the device runtime is wrong", _FAULT),
    107001: ("there is no such device", _DRIVER),
    107002: ("the thread has no context", _FAULT),
    107003: ("the stream belongs to another context", _FAULT),
    107016: ("the memory is of the wrong kind", _FAULT),
    107017: ("a handle is wrong", _FAULT),
    107018: ("memory of the wrong kind is to be freed", _FAULT),
    107019: ("the time ran out", "allow more time, or see what else uses the device"),
    107020: ("the time ran out", "allow more time, or see what else uses the device"),
    107022: ("the device is taken by another process", "wait for it, or take another device"),
    145000: ("an argument for the model is wrong", _FAULT),
    145001: ("the model is not loaded", _FAULT),
    145002: ("the path of the model cannot be used", "see that the file is there and readable"),
    145003: ("the model's number is wrong", _FAULT),
    145006: ("the model's size is wrong", "see that the file is whole"),
    145007: ("an address in the model is wrong", _RECOMPILE),
    145008: ("the model's queue is wrong", _FAULT),
    145009: ("loading the model failed twice", _FAULT),
    145011: ("the address of the input that chooses a profile is wrong", _FAULT),
    145012: ("the input that chooses a profile is too small", _FAULT),
    145013: ("the batch size is none of the model's", "use one of the model's profiles"),
    145014: ("the preprocessing parameters are wrong", _FAULT),
    145015: ("the model has no preprocessing (AIPP)", "compile it with AIPP"),
    145016: ("the model's preprocessing is not dynamic", "leave its parameters to the model"),
    145017: ("the stream is wrong", _FAULT),
    145018: ("the model's description is missing", _FAULT),
    145019: ("the model's file is damaged", "copy or compile it again"),
    145020: ("the model's content is wrong", "copy or compile it again"),
    145021: ("the model does not fit this device or CANN", _RECOMPILE),
    145022: ("the model was compiled for another version of CANN", _OTHER_CANN),
    200001: ("this device or CANN does not offer it", "use a newer CANN"),
    200002: ("this device or CANN does not offer it", "use a newer CANN"),
    200005: ("a handle is wrong", _FAULT),
    207000: ("this device does not offer it", "use a newer CANN, or another device"),
    207001: ("the device's memory does not suffice", "use smaller batches, fewer streams, or close other models"),
    207002: ("memory cannot be freed", _FAULT),
    207003: ("the device has too much to do", "use fewer streams"),
    207004: ("the process may use no device", "see ASCEND_RT_VISIBLE_DEVICES"),
    207005: ("there are no more events", "close other models"),
    207006: ("there are no more streams", "use fewer streams, or close other models"),
    207007: ("there are no more notifications", "close other models"),
    207008: ("there are no more models", "close other models"),
    207018: ("the device's memory does not suffice", "use smaller batches, fewer streams, or close other models"),
    245000: ("the model manager is out of memory", "close other models"),
    500002: ("CANN's graph engine failed", _FAULT),
    500003: ("CANN's runtime failed", _FAULT),
    500004: ("the driver failed", _DRIVER),
    500005: ("profiling failed", _FAULT),
    507000: ("CANN's runtime failed inside", _FAULT),
    507008: ("the model was compiled for another processor", _RECOMPILE),
    507009: ("the model holds tasks that this device does not know", _OTHER_CANN),
    507010: ("the device does not answer", _DRIVER),
    507011: ("the model failed on the device", _FAULT),
    507014: ("the AI Core took too long", "see what else uses the device"),
    507015: ("the AI Core met an error, such as memory out of bounds", _FAULT),
    507018: ("an operator on the device's CPU failed", _FAULT),
    507033: ("the device cannot be set up", _DRIVER),
    507046: ("the time ran out", "allow more time, or see what else uses the device"),
    507899: ("the driver failed", _DRIVER),
    545000: ("an internal error while loading", _FAULT),
    545001: ("the model cannot be loaded", "see that the file is whole, and that this CANN is as new as the compiler's"),
    545002: ("a part of the model cannot be loaded", "see that the file is whole, and that this CANN is new enough"),
    545003: ("the model's weights cannot be loaded", "see that the file is whole and the memory suffices"),
    545004: ("the model's tasks cannot be loaded", _RECOMPILE),
    545005: ("the model's kernels cannot be loaded", _RECOMPILE),
    545601: ("the model did not run", _FAULT),
}  # fmt: skip
"""Status -> what happened, what to do."""

_NO_DEVICE = frozenset({107001, 107022, 207004, 507010, 507033})
_LONGEST = 300


def failure(call: str, code: int, words: str | None) -> MindFerryError:
    """The error of a call that ended with a status other than 0.

    Args:
        call: such as "rt.malloc".
        words: what ACL itself says of it, or None.
    """
    meaning, cure = MEANINGS.get(code, ("", ""))
    text = f"acl.{call} failed with {code}" + (f": {meaning}" if meaning else "")
    said = " ".join((words or "").split())[:_LONGEST]
    text += f" ({said})" if said else ""
    text += f"; {cure}" if cure else ""
    return (NoDevice if code in _NO_DEVICE else BackendFailed)(text)
