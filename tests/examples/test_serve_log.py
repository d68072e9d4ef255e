"""The log of fsrv-serve, as text and as JSON: test_serve_log.py FSRV_SERVE"""
import json
import re
import signal
import sys
import tempfile
from functools import partial

from server import PATIENCE, Server, ask, refuses, run_to_end, stall, until
from site_folder import CLIP, HUGE, make_site
from tap import equal, run

MODES = ('thread', 'epoll', 'pool')


def run_requests(command, send):
    """Returns the lines on standard error, after send(server)."""
    with Server(command) as server:
        send(server)
        server.stop(signal.SIGTERM, PATIENCE)
    return server.errors


def ask_raw(server, request):
    client = server.connect_raw()
    client.sendall(request)
    client.makefile('rb').read()
    client.close()


def ask_some(server):
    connection = server.connect()
    ask(connection, '/clip.mp4', User_Agent='a "b" \\ c')
    ask(connection, '/clip.mp4', Range='bytes=9-200008', Referer='http://a/')
    ask(connection, '/clip.mp4', method='HEAD')
    ask(connection, '/clip.mp4', Range='bytes=0-9,1000-1009')
    ask(connection, '/nothing')
    ask(connection, '/health')
    connection.close()


def logs_json(command):
    lines = [json.loads(line) for line in run_requests([*command, '--max-ranges=2'], ask_some)]
    equal([(line['method'], line['target'], line['status']) for line in lines],
          [('GET', '/clip.mp4', 200), ('GET', '/clip.mp4', 206), ('HEAD', '/clip.mp4', 200),
           ('GET', '/clip.mp4', 206), ('GET', '/nothing', 404)], 'requests')
    whole, part, head, parts, missing = lines
    for line in lines:
        equal(bool(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', line['time'])), True, line['time'])
        equal((line['client'], line['ending']), ('127.0.0.1', 'complete'), 'client, ending')
        equal(0 <= line['seconds'] < PATIENCE, True, 'seconds')
    size = len(CLIP)
    equal([whole[name] for name in ('path', 'offset', 'length', 'size', 'sent', 'user_agent')],
          ['clip.mp4', 0, size, size, size, 'a "b" \\ c'], 'the whole file')
    equal([part[name] for name in ('offset', 'length', 'size', 'sent', 'referer')],
          [9, 200000, size, 200000, 'http://a/'], 'a range')
    equal((head['length'], head['sent'], parts['parts']), (0, 0, 2), 'HEAD, parts')
    equal({'path', 'offset', 'referer', 'parts'} & set(missing), set(), 'members without meaning')


def break_off(server):
    stall(server).close()
    until(lambda: server.errors, 'a line about what was broken off')


def logs_an_end(command):
    """What the client broke off, and what the library has to say."""
    lines = [json.loads(line) for line in run_requests(command, break_off)]
    equal([(line['ending'], line['size']) for line in lines if 'ending' in line], [('aborted', HUGE)], 'ends')
    if not 0 <= lines[-1]['sent'] < HUGE:
        raise AssertionError(lines)


def escapes_json(command):
    """Any bytes of a client make valid lines in UTF-8, without control characters."""
    targets = (b'/\xff', b'/a"b\\', b'/\xc3\xa4', b'/\xed\xa0\x80', b'/\xf4\x90\x80\x80', b'/\xe2\x82',
               b'/\x7f', b'/\xc2\x9b', b'/\xf0\x9f\x98\x80', b'/\xc0\xaf')
    texts = ('/\ufffd', '/a"b\\', '/\u00e4', '/\ufffd\ufffd\ufffd', '/\ufffd\ufffd\ufffd\ufffd', '/\ufffd',
             '/\x7f', '/\x9b', '/\U0001f600', '/\ufffd\ufffd')

    def send(server):
        for target in targets:
            ask_raw(server, b'GET ' + target + b' HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
                    b'User-Agent: \x1b[2J\r\n\r\n')

    lines = run_requests(command, send)
    for line in lines:
        if any(ord(character) < 0x20 or 0x7f <= ord(character) < 0xa0 for character in line.rstrip('\n')):
            raise AssertionError(f'control characters in {line!r}')
    equal([json.loads(line)['target'] for line in lines], list(texts), 'targets')
    equal({json.loads(line)['user_agent'] for line in lines}, {'\x1b[2J'}, 'user agents')


def logs_messages_in_json(command):
    def send(server):
        connection = server.connect()
        equal(ask(connection, '/', Host='evil.example')[0], 403, 'status')
        connection.close()

    lines = [json.loads(line) for line in run_requests([*command, '--stats'], send)]
    message, = [line for line in lines if 'message' in line]
    equal('evil.example' in message['message'], True, message)
    refused, = [line for line in lines if 'status' in line]
    equal((refused['status'], 'client' in refused), (403, False), 'the refused request')
    stats, = [line for line in lines if 'responses' in line]
    equal(stats['responses'], {'403': 1}, 'counters at the end')


def tells_in_json_why_not(serve):
    """Also what the program itself has to say."""
    status, _, error = run_to_end([serve, '--log=json', '/no/such'])
    equal((status, '/no/such' in json.loads(error)['message']), (2, True), error)


def is_plain(command, environment):
    """No escape sequence outside of a terminal, whatever the environment says."""
    with Server(command, env=environment) as server:
        ask_some(server)
        server.stop(signal.SIGTERM, PATIENCE)
    equal([line for line in server.errors if '\x1b' in line], [], 'lines with colours')
    equal(server.errors[0], '200 GET /clip.mp4 0-2097151/2097152\n', 'the first line')


def is_quiet(command):
    equal(run_requests(command, ask_some), [], 'lines')


def cases(serve, folder):
    for mode in MODES:
        command = [serve, '--log=json', f'--mode={mode}', folder]
        yield f'{mode}: JSON', partial(logs_json, command)
        yield f'{mode}: JSON of an end', partial(logs_an_end, command)
        yield f'{mode}: JSON of any bytes', partial(escapes_json, command)
        yield f'{mode}: messages in JSON', partial(logs_messages_in_json, command)
    yield 'JSON of what keeps it from starting', partial(tells_in_json_why_not, serve)
    yield 'text', partial(is_plain, [serve, '--log', 'text', folder], {'TERM': 'xterm-256color'})
    yield 'text by default', partial(is_plain, [serve, folder], None)
    yield '--quiet', partial(is_quiet, [serve, '--quiet', folder])
    yield '--quiet --log=json', partial(is_quiet, [serve, '--quiet', '--log=json', folder])
    for option, *words in (('--log=xml', '--log xml', 'text, json'), ('--log=', '--log'),
                           ('--progress=yes', '--progress=yes')):
        yield f'refuses {option}', partial(refuses, [serve, option, folder], *words)


def main(serve):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        run(cases(serve, folder))


main(*sys.argv[1:])
