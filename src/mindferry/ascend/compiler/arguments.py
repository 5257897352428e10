"""ATC's command line: `--name=value` or `--name value`, and how it says that something is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from mindferry.errors import ConvertError


class Failure(ConvertError):
    """What ends a compilation: a code such as E10001 and a sentence.

    Attributes:
        code: as ATC numbers its errors.
    """

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


MEANT = (
    "mode", "model", "framework", "output", "soc_version", "input_shape", "input_format", "dynamic_batch_size",
    "dynamic_image_size", "dynamic_dims", "insert_op_conf", "precision_mode", "precision_mode_v2", "output_type",
    "disable_reuse_memory",
)  # fmt: skip
"""Options that change what is made."""

WITHOUT_EFFECT = (
    "op_select_implmode", "optypelist_for_implmode", "buffer_optimize", "fusion_switch_file", "op_debug_level", "debug_dir",
    "op_compiler_cache_dir", "op_compiler_cache_mode", "log", "display_model_info", "jit_compile", "deterministic",
    "host_env_os", "host_env_cpu", "virtual_type", "aicore_num", "enable_small_channel", "enable_attr_compression",
    "core_type", "tiling_schedule_optimize", "enable_single_stream", "check_report",
)  # fmt: skip
"""Options of a device's kernels or of the compiler's own running; the result is the same with each of their values."""

NOT_SIMULATED = (
    "weight", "om", "json", "singleop", "out_nodes", "input_fp16_nodes", "modify_mixlist", "keep_dtype", "customize_dtypes",
    "compression_optimize_conf", "external_weight", "is_input_adjust_hw_layout", "is_output_adjust_hw_layout",
    "input_shape_range", "op_name_map", "op_precision_mode", "allow_hf32", "sparsity", "enable_compress_weight",
    "compress_weight_conf", "quant_dumpable",
)  # fmt: skip
"""Options that change what is made, in ways that are not simulated."""

REQUIRED = ("model", "framework", "output", "soc_version")


def parse(arguments: Sequence[str]) -> dict[str, str]:
    """The options by name.

    Raises:
        Failure: an option is unknown, not simulated, without a value, or given twice.
    """
    found: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or name not in (*MEANT, *WITHOUT_EFFECT, *NOT_SIMULATED):
            raise Failure("E10001", f"Value {word} for parameter is invalid. Reason: ATC has no such option.")
        if not equals:
            if not rest:
                raise Failure("E10004", f"Value for parameter --{name} is empty.")
            value = rest.pop(0)
        if name in NOT_SIMULATED:
            raise Failure("E10001", f"Value {value} for parameter --{name} is invalid. Reason: it is not simulated.")
        if name in found:
            raise Failure("E10001", f"Value {value} for parameter --{name} is invalid. Reason: it is given twice.")
        found[name] = value.strip().strip('"').strip("'")
    if found.get("mode", "0") != "0":
        raise Failure("E10006", f"Value {found['mode']} for parameter --mode is invalid. Reason: only 0 is simulated.")
    for name in REQUIRED:
        if not found.get(name):
            raise Failure("E10007", f"--{name} is required.")
    return found
