"""Primitives whose tables of places depend on sizes that are only known at run time."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, integers, normal

IMAGES = [normal(1, 2, 5, 6), normal(2, 2, 7, 4)]
VOLUMES = [normal(1, 2, 3, 4, 4), normal(2, 1, 5, 3, 6)]
MATRICES = [normal(2, 3, 4), normal(1, 5, 3)]
ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")

CASES = [
    *(
        Case("Im2Col", f"P.Im2Col({arguments})(x)", x=IMAGES, dynamic={"x": (None,) * 4})
        for arguments in ("[2, 2]", "[2, 3], strides=2, dilations=[2, 1], pads=1")
    ),
    *(
        Case(
            "ExtractVolumePatches",
            f"P.ExtractVolumePatches([1, 1, 2, 2, 3], [1, 1, {strides}], '{mode}')(x)",
            x=VOLUMES,
            dynamic={"x": (None,) * 5},
        )
        for strides, mode in (("1, 1, 1", "VALID"), ("1, 2, 1", "VALID"), ("1, 1, 1", "SAME"), ("2, 2, 2", "SAME"))
    ),
    *(
        Case(
            "ResizeBilinearV2",
            f"P.ResizeBilinearV2({flags})(x, (4, 9))",
            x=[normal(1, 2, 5, 6, dtype="float64"), normal(2, 2, 7, 4, dtype="float64")],
            dynamic={"x": (None,) * 4},
        )
        for flags in ("", "True", "False, True")
    ),
    Case("Cross", "ops.cross(x, y)", x=normal(3, 2), y=normal(3, 2), dynamic={"x": (None, 2), "y": (None, 2)}),
    Case(
        "Cross",
        "ops.cross(x, y)",
        x=[normal(2, 3, 4), normal(3, 5, 3)],
        y=[normal(2, 3, 4), normal(3, 5, 3)],
        dynamic={"x": (None, None, None), "y": (None, None, None)},
    ),
    Case(
        "Cross",
        "ops.cross(x, y, dim=0)",
        x=[integers(-9, 10, 3, 2), integers(-9, 10, 3, 3)],
        y=[integers(-9, 10, 3, 2), integers(-9, 10, 3, 3)],
        dynamic={"x": (None, None), "y": (None, None)},
    ),
    Case("MatrixDiagV3", "ops.matrix_diag(x)", x=[normal(3), normal(5)], dynamic={"x": (None,)}),
    *(
        Case("MatrixDiagV3", f"ops.matrix_diag(x, k={k})", x=[normal(2, 3), normal(1, 4)], dynamic={"x": (None, None)})
        for k in (1, -2)
    ),
    Case(
        "MatrixDiagV3",
        "ops.matrix_diag(x, k=-1, num_rows=7, num_cols=8, padding_value=9.0)",
        x=[normal(6), normal(6)],
        dynamic={"x": (None,)},
    ),
    *(
        Case(
            "MatrixDiagV3",
            f"ops.matrix_diag(x, ms.Tensor([-1, 1], ms.int32), align='{align}')",
            x=[normal(2, 3, 4), normal(1, 3, 2)],
            dynamic={"x": (None, 3, None)},
        )
        for align in ALIGNMENTS
    ),
    *(
        Case(
            "MatrixDiagPartV3",
            f"ops.matrix_diag_part(x, ms.Tensor([-1, 2], ms.int32), ms.Tensor(9.0), '{align}')",
            x=MATRICES,
            dynamic={"x": (None, None, None)},
        )
        for align in ALIGNMENTS
    ),
    Case(
        "MatrixDiagPartV3",
        "ops.matrix_diag_part(x, ms.Tensor(1, ms.int32), ms.Tensor(9.0))",
        x=MATRICES,
        dynamic={"x": (None, None, None)},
    ),
    Case(
        "MatrixSetDiagV3",
        "ops.matrix_set_diag(x, y)",
        x=MATRICES,
        y=[normal(2, 3), normal(1, 3)],
        dynamic={"x": (None, None, None), "y": (None, None)},
    ),
    *(
        Case(
            "MatrixSetDiagV3",
            f"ops.matrix_set_diag(x, y, ms.Tensor([-1, 1], ms.int32), '{align}')",
            x=[normal(2, 4, 4), normal(1, 3, 3)],
            y=[normal(2, 3, 4), normal(1, 3, 3)],
            dynamic={"x": (None, None, None), "y": (None, None, None)},
        )
        for align in ALIGNMENTS
    ),
    Case("ConvertToDynamic", "inner.ConvertToDynamic()(x) * 2", x=[normal(2, 3)]),
    Case(
        "SetSize",
        "sparse_ops.SetSize()(x, y, z)",
        x=array([[0, 0], [0, 1], [1, 0]], "int64"),
        y=array([1, 2, 3], "int32"),
        z=array([2, 3], "int64"),
        dynamic={"x": (None, None), "y": (None,)},
    ),
]
