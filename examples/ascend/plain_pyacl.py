"""Reads handwritten digits on an Ascend processor with pyACL alone, in the order of calls of the vendor's samples.

    python plain_pyacl.py lenet5.om test.npz [answers.npy]

`test.npz` holds the images `x` (N, 1, 32, 32) and the right digits `label`; the answers are the model's outputs. The model
takes one batch size, or one of several (`ascend_mbatch_shape_data`), and the images go in batches of it.
"""

import sys

import acl
import numpy as np

ACL_MEM_MALLOC_HUGE_FIRST = 0
ACL_MEMCPY_HOST_TO_DEVICE = 1
ACL_MEMCPY_DEVICE_TO_HOST = 2
ACL_ERROR_REPEAT_INITIALIZE = 100002
DYNAMIC_TENSOR_NAME = "ascend_mbatch_shape_data"
DTYPES = {0: np.float32, 1: np.float16}


def check(what, ret):
    """Ends the program where a call failed."""
    if ret != 0:
        raise SystemExit(f"{what} failed: {ret}: {acl.get_recent_err_msg()}")


class Net:
    """A model on a device, with buffers that all runs share."""

    def __init__(self, path, device=0):
        self.device, self.buffers = device, []
        ret = acl.init()
        if ret != ACL_ERROR_REPEAT_INITIALIZE:
            check("acl.init", ret)
        check("acl.rt.set_device", acl.rt.set_device(device))
        self.context, ret = acl.rt.create_context(device)
        check("acl.rt.create_context", ret)
        self.model, ret = acl.mdl.load_from_file(path)
        check("acl.mdl.load_from_file", ret)
        self.desc = acl.mdl.create_desc()
        check("acl.mdl.get_desc", acl.mdl.get_desc(self.desc, self.model))
        self.count = acl.mdl.get_num_inputs(self.desc)
        outputs = acl.mdl.get_num_outputs(self.desc)
        self.inputs = self._dataset([acl.mdl.get_input_size_by_index(self.desc, i) for i in range(self.count)])
        self.outputs = self._dataset([acl.mdl.get_output_size_by_index(self.desc, i) for i in range(outputs)])

    def _dataset(self, sizes):
        dataset = acl.mdl.create_dataset()
        for size in sizes:
            pointer, ret = acl.rt.malloc(size, ACL_MEM_MALLOC_HUGE_FIRST)
            check("acl.rt.malloc", ret)
            buffer = acl.create_data_buffer(pointer, size)
            _, ret = acl.mdl.add_dataset_buffer(dataset, buffer)
            check("acl.mdl.add_dataset_buffer", ret)
            self.buffers.append((buffer, pointer))
        return dataset

    def batches(self):
        """The batch sizes that the model takes."""
        dynamic, ret = acl.mdl.get_dynamic_batch(self.desc)
        check("acl.mdl.get_dynamic_batch", ret)
        if dynamic["batchCount"]:
            return sorted(dynamic["batch"], reverse=True)
        dims, ret = acl.mdl.get_input_dims(self.desc, 0)
        check("acl.mdl.get_input_dims", ret)
        return [dims["dims"][0]]

    def run(self, images):
        """The outputs for as many images as one batch has."""
        if DYNAMIC_TENSOR_NAME in [acl.mdl.get_input_name_by_index(self.desc, i) for i in range(self.count)]:
            index, ret = acl.mdl.get_input_index_by_name(self.desc, DYNAMIC_TENSOR_NAME)
            check("acl.mdl.get_input_index_by_name", ret)
            ret = acl.mdl.set_dynamic_batch_size(self.model, self.inputs, index, len(images))
            check("acl.mdl.set_dynamic_batch_size", ret)
        raw = images.tobytes()
        target = acl.get_data_buffer_addr(acl.mdl.get_dataset_buffer(self.inputs, 0))
        room = acl.mdl.get_input_size_by_index(self.desc, 0)
        ret = acl.rt.memcpy(target, room, acl.util.bytes_to_ptr(raw), len(raw), ACL_MEMCPY_HOST_TO_DEVICE)
        check("acl.rt.memcpy", ret)
        check("acl.mdl.execute", acl.mdl.execute(self.model, self.inputs, self.outputs))
        return self._output(len(images))

    def _output(self, batch):
        dims, ret = acl.mdl.get_cur_output_dims(self.desc, 0)
        check("acl.mdl.get_cur_output_dims", ret)
        dtype = np.dtype(DTYPES[acl.mdl.get_output_data_type(self.desc, 0)])
        size = int(np.prod(dims["dims"])) * dtype.itemsize
        host, ret = acl.rt.malloc_host(size)
        check("acl.rt.malloc_host", ret)
        source = acl.get_data_buffer_addr(acl.mdl.get_dataset_buffer(self.outputs, 0))
        check("acl.rt.memcpy", acl.rt.memcpy(host, size, source, size, ACL_MEMCPY_DEVICE_TO_HOST))
        found = np.frombuffer(acl.util.ptr_to_bytes(host, size), dtype).reshape(dims["dims"])
        check("acl.rt.free_host", acl.rt.free_host(host))
        return found[:batch]

    def close(self):
        """Releases everything, in the opposite order."""
        for buffer, pointer in self.buffers:
            check("acl.destroy_data_buffer", acl.destroy_data_buffer(buffer))
            check("acl.rt.free", acl.rt.free(pointer))
        check("acl.mdl.destroy_dataset", acl.mdl.destroy_dataset(self.inputs))
        check("acl.mdl.destroy_dataset", acl.mdl.destroy_dataset(self.outputs))
        check("acl.mdl.unload", acl.mdl.unload(self.model))
        check("acl.mdl.destroy_desc", acl.mdl.destroy_desc(self.desc))
        check("acl.rt.destroy_context", acl.rt.destroy_context(self.context))
        check("acl.rt.reset_device", acl.rt.reset_device(self.device))
        check("acl.finalize", acl.finalize())


def main(path, data, answers=None):
    """Reads all images and tells how many digits are right."""
    test = np.load(data)
    images, labels = test["x"], test["label"]
    net = Net(path)
    found = []
    while sum(map(len, found)) < len(images):
        done = sum(map(len, found))
        batch = next((size for size in net.batches() if size <= len(images) - done), None)
        if batch is None:
            raise SystemExit(f"{len(images) - done} images remain, which is no batch size of the model")
        found.append(net.run(images[done : done + batch]))
    net.close()
    logits = np.concatenate(found)
    print(f"{int((logits.argmax(axis=1) == labels).sum())} of {len(labels)} digits read rightly")
    if answers is not None:
        np.save(answers, logits)


if __name__ == "__main__":
    main(*sys.argv[1:])
