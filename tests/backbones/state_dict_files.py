"""PyTorch's two file formats, written byte by byte, so that no test needs PyTorch."""

import io
import pickle
import struct
import zipfile

OLD_HEADER = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
MAKE_TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGES = {"f2": "Half", "f4": "Float", "f8": "Double", "i4": "Int", "i8": "Long", "i2": "Short"}
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return b"J" + struct.pack("<i", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(array, key, old):
    kind = STORAGES[array.dtype.str[1:]]
    reference = text("storage") + f"ctorch\n{kind}Storage\n".encode() + text(key) + text("cpu")
    return b"(" + reference + number(array.size) + (b"N" if old else b"") + b"tQ"


def tensor(array, key, old, offset=0, shape=None, strides=None):
    shape = array.shape if shape is None else shape
    strides = [s // array.itemsize for s in array.strides] if strides is None else strides
    view = number(offset) + numbers(shape) + numbers(strides)
    return MAKE_TENSOR + b"(" + storage(array, key, old) + view + b"\x89" + ORDERED_DICT + b"tR"


def state_dict(entries):
    """The pickle of an OrderedDict of names and what is pickled already, with `_metadata`."""
    content = b"".join(text(name) + entry for name, entry in entries.items())
    metadata = b"}" + text("_metadata") + ORDERED_DICT + text("") + b"}" + text("version")
    return b"\x80\x02" + ORDERED_DICT + b"(" + content + b"u" + metadata + b"K\x01sssb."


def in_memory(array):
    """The elements in the order of the memory, which is not that of the axes for a transpose."""
    return array.ravel(order="K").tobytes()


def old(arrays, described=None, system=SYSTEM, keys=None):
    """The file of a dictionary of arrays, in the format before PyTorch 1.6."""
    names = {str(1000 + i): name for i, name in enumerate(arrays)}
    if described is None:
        entries = {name: tensor(arrays[name], key, True) for key, name in names.items()}
        described = state_dict(entries)
    keys = pickle.dumps(list(names) if keys is None else keys, 2)
    content = [OLD_HEADER, pickle.dumps(system, 2), described, keys]
    for array in arrays.values():
        content += [struct.pack("<q", array.size), in_memory(array)]
    return b"".join(content)


def new(arrays, described=None, byte_order=b"little", compression=zipfile.ZIP_STORED):
    """The same in the zip format."""
    if described is None:
        entries = {n: tensor(arrays[n], str(i), False) for i, n in enumerate(arrays)}
        described = state_dict(entries)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("model/data.pkl", described)
        archive.writestr("model/byteorder", byte_order)
        for i, array in enumerate(arrays.values()):
            archive.writestr(f"model/data/{i}", in_memory(array))
    return file.getvalue()
