"""serve_one.py LIBRARIES FOLDER NAME TEXT - like serve_one.c, by ctypes and so without a compiler.

It parses a range, serves a folder, asks for the end of a file by that range, and ends with 0 when the
answer is TEXT."""
import ctypes
import os
import sys
import urllib.request

FSRV_OK, FSRV_RANGE_PARTIAL, FSRV_ERR_ROOT = 0, 1, -4


class Range(ctypes.Structure):
    _fields_ = [('offset', ctypes.c_uint64), ('length', ctypes.c_uint64)]


def members(text):
    """Members are pointers unless a type follows their name."""
    types = {'': ctypes.c_void_p, 'size': ctypes.c_size_t, 'u64': ctypes.c_uint64, 'int': ctypes.c_int,
             'unsigned': ctypes.c_uint}
    return [(name, types[kind]) for name, _, kind in (member.partition(':') for member in text.split())]


class Options(ctypes.Structure):
    """struct fsrv_options of version 0.1; a newer library takes it as well."""
    _fields_ = members("""
        size:size roots n_roots:size root_symlinks types n_types:size index_names n_index_names:size
        cache_control fallback fallback_cls log log_cls access access_cls etag_function etag_function_cls
        allocate allocate_cls max_page_size:u64 cache_size:u64 symlinks:int etag:int body:int
        flags:unsigned completion completion_cls wake wake_cls workers:unsigned max_bodies:unsigned
        max_files:unsigned reserved:unsigned tag_salt field_rules n_field_rules:size fields fields_cls
        cors_origins n_cors_origins:size prefix allowed_hosts n_allowed_hosts:size default_type
        extensionless_type max_ranges:unsigned reserved_2:unsigned spa_page not_found_page follow
        n_follow:size follow_seconds:unsigned reserved_3:unsigned""")


Log = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


def load(folder):
    core = ctypes.CDLL(os.path.join(folder, 'libfsrv-core.so.0'), mode=ctypes.RTLD_GLOBAL)
    fsrv = ctypes.CDLL(os.path.join(folder, 'libfsrv.so.0'))
    core.fsrv_parse_range_header.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64,
                                             ctypes.POINTER(Range)]
    core.fsrv_strerror.restype = ctypes.c_char_p
    fsrv.fsrv_new.argtypes = [ctypes.POINTER(Options), ctypes.POINTER(ctypes.c_void_p)]
    fsrv.fsrv_server_start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
    fsrv.fsrv_server_url.argtypes, fsrv.fsrv_server_url.restype = [ctypes.c_void_p], ctypes.c_char_p
    for function in (fsrv.fsrv_server_stop, fsrv.fsrv_free):
        function.argtypes, function.restype = [ctypes.c_void_p], None
    return core, fsrv


def make_handler(fsrv, folder, log):
    roots = (ctypes.c_char_p * 1)(folder.encode())
    options = Options(size=ctypes.sizeof(Options), roots=ctypes.cast(roots, ctypes.c_void_p), n_roots=1,
                      log=ctypes.cast(log, ctypes.c_void_p))
    handler = ctypes.c_void_p()
    return fsrv.fsrv_new(ctypes.byref(options), ctypes.byref(handler)), handler


def main(libraries, folder, name, text):
    core, fsrv = load(libraries)
    lines = []
    log = Log(lambda cls, line: lines.append(line))
    size = os.path.getsize(os.path.join(folder, name))
    wanted, found = f'bytes=-{len(text)}'.encode(), Range()

    verdict = core.fsrv_parse_range_header(wanted, len(wanted), size, ctypes.byref(found))
    assert verdict == FSRV_RANGE_PARTIAL and found.offset == size - len(text), (verdict, found.offset)

    error, _ = make_handler(fsrv, os.path.join(folder, 'missing'), log)
    assert error == FSRV_ERR_ROOT and core.fsrv_strerror(error) and lines, (error, lines)

    error, handler = make_handler(fsrv, folder, log)
    assert error == FSRV_OK, (error, lines)
    server = ctypes.c_void_p()
    error = fsrv.fsrv_server_start(handler, None, ctypes.byref(server))
    assert error == FSRV_OK, (error, lines)
    request = urllib.request.Request(fsrv.fsrv_server_url(server).decode() + name,
                                     headers={'Range': wanted.decode(), 'Connection': 'close'})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        assert answer.status == 206 and answer.read().decode() == text, answer.status
    fsrv.fsrv_server_stop(server)
    fsrv.fsrv_free(handler)


main(*sys.argv[1:])
