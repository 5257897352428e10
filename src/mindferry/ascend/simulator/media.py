"""`acl.media`, first part: memory for media, channels, and the descriptions of pictures, regions and resizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mindferry.ascend.simulator import codes, world
from mindferry.ascend.simulator.call import call
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.memory import Block, Bytes
from mindferry.ascend.simulator.rt_memory import allocated

PICTURE = {
    "data": "k", "size": "I", "format": "i", "width": "I", "height": "I", "width_stride": "I", "height_stride": "I",
    "ret_code": "I",
}  # fmt: skip
"""What a description of a picture holds, and the kind of each."""

REGION = ("left", "right", "top", "bottom")
INTERPOLATIONS = range(3)


@dataclass(frozen=True, slots=True)
class MediaMemory:
    """Device memory that the media units can reach, which only acl.media.dvpp_free releases."""

    block: Block
    release: Callable[[Block], None]

    @property
    def device(self) -> int | None:
        """Where it is."""
        return self.block.device

    def close(self) -> None:
        """Takes the memory away."""
        self.release(self.block)


@dataclass(eq=False, slots=True)
class Channel:
    """A device's channel to its media units."""

    device: int


@dataclass(eq=False, slots=True)
class ChannelDesc:
    """A description of a channel, and the handle of the channel that was made with it, or 0."""

    channel: int = 0


@dataclass(eq=False, slots=True)
class PicDesc:
    """A description of a picture; the memory that it points to stays the program's."""

    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PICTURE, 0))


@dataclass(eq=False, slots=True)
class RoiConfig:
    """A region of a picture; all four sides belong to it."""

    values: dict[str, int]


@dataclass(eq=False, slots=True)
class ResizeConfig:
    """How a picture is resized."""

    interpolation: int = 0


@call("media.dvpp_malloc", "k", fails=(0,), needs="context")
def dvpp_malloc(size: int) -> int:
    now = world.current()
    block = allocated(size)
    return now.handles.add("media memory", MediaMemory(block, now.memory.release), block.address)


@call("media.dvpp_free", "k", needs="context")
def dvpp_free(address: int) -> None:
    world.current().handles.remove(address, MediaMemory, codes.RT_PARAM_INVALID).close()


def media_bytes(address: int, size: int) -> Bytes:
    """The size bytes at an address of memory for media.

    Raises:
        Refused: it is not inside one live allocation of acl.media.dvpp_malloc.
    """
    now = world.current()
    found = now.memory.device_bytes(address, size, codes.INVALID_PARAM)
    for start, one in now.handles.items(MediaMemory):
        if start <= address < start + one.block.data.nbytes:
            return found
    raise Refused(
        codes.INVALID_PARAM, f"{address:#x} is memory of acl.rt.malloc; the media units need acl.media.dvpp_malloc"
    )


@call("media.dvpp_create_channel_desc", bare=0)
def dvpp_create_channel_desc() -> int:
    return world.current().handles.add("channel description", ChannelDesc())


@call("media.dvpp_destroy_channel_desc", "k")
def dvpp_destroy_channel_desc(handle: int) -> None:
    world.current().handles.remove(handle, ChannelDesc, codes.INVALID_PARAM)


@call("media.dvpp_create_channel", "k", needs="context")
def dvpp_create_channel(handle: int) -> None:
    now = world.current()
    desc = now.handles.get(handle, ChannelDesc, codes.INVALID_PARAM)
    if desc.channel:
        raise Refused(codes.INVALID_PARAM, "the description has a channel already")
    desc.channel = now.handles.add("media channel", Channel(now.context().device))


@call("media.dvpp_destroy_channel", "k", needs="context")
def dvpp_destroy_channel(handle: int) -> None:
    now = world.current()
    desc = now.handles.get(handle, ChannelDesc, codes.INVALID_PARAM)
    now.handles.remove(desc.channel, Channel, codes.INVALID_PARAM)
    desc.channel = 0


def check_channel(handle: int) -> None:
    """Raises Refused where a description has no channel on the thread's device."""
    now = world.current()
    desc = now.handles.get(handle, ChannelDesc, codes.INVALID_PARAM)
    channel = now.handles.get(desc.channel, Channel, codes.INVALID_PARAM)
    if channel.device != now.context().device:
        raise Refused(codes.INVALID_PARAM, f"the channel is one of device {channel.device}")


@call("media.dvpp_create_pic_desc", bare=0)
def dvpp_create_pic_desc() -> int:
    return world.current().handles.add("picture description", PicDesc())


@call("media.dvpp_destroy_pic_desc", "k")
def dvpp_destroy_pic_desc(handle: int) -> None:
    world.current().handles.remove(handle, PicDesc, codes.INVALID_PARAM)


def picture(handle: int) -> PicDesc:
    """The description of a picture behind a handle."""
    return world.current().handles.get(handle, PicDesc, codes.INVALID_PARAM)


def _picture_calls(name: str, kind: str) -> None:
    @call(f"media.dvpp_set_pic_desc_{name}", "k" + kind)
    def store(handle: int, value: int) -> None:
        picture(handle).values[name] = value

    @call(f"media.dvpp_get_pic_desc_{name}", "k", bare=0)
    def tell(handle: int) -> int:
        return picture(handle).values[name]


for _name, _kind in PICTURE.items():
    _picture_calls(_name, _kind)


@call("media.dvpp_create_roi_config", "IIII", bare=0)
def dvpp_create_roi_config(left: int, right: int, top: int, bottom: int) -> int:
    values = dict(zip(REGION, (left, right, top, bottom), strict=True))
    return world.current().handles.add("region", RoiConfig(values))


@call("media.dvpp_destroy_roi_config", "k")
def dvpp_destroy_roi_config(handle: int) -> None:
    world.current().handles.remove(handle, RoiConfig, codes.INVALID_PARAM)


def region(handle: int) -> RoiConfig:
    """The region behind a handle."""
    return world.current().handles.get(handle, RoiConfig, codes.INVALID_PARAM)


@call("media.dvpp_set_roi_config", "kIIII")
def dvpp_set_roi_config(handle: int, left: int, right: int, top: int, bottom: int) -> None:
    region(handle).values.update(zip(REGION, (left, right, top, bottom), strict=True))


@call("media.dvpp_create_resize_config", bare=0)
def dvpp_create_resize_config() -> int:
    return world.current().handles.add("resize configuration", ResizeConfig())


@call("media.dvpp_destroy_resize_config", "k")
def dvpp_destroy_resize_config(handle: int) -> None:
    world.current().handles.remove(handle, ResizeConfig, codes.INVALID_PARAM)


def resizing(handle: int) -> ResizeConfig:
    """How to resize, behind a handle."""
    return world.current().handles.get(handle, ResizeConfig, codes.INVALID_PARAM)


@call("media.dvpp_set_resize_config_interpolation", "kI")
def dvpp_set_resize_config_interpolation(handle: int, interpolation: int) -> None:
    if interpolation not in INTERPOLATIONS:
        raise Refused(codes.INVALID_PARAM, f"there is no interpolation {interpolation}")
    resizing(handle).interpolation = interpolation


@call("media.dvpp_get_resize_config_interpolation", "k", bare=0)
def dvpp_get_resize_config_interpolation(handle: int) -> int:
    return resizing(handle).interpolation
