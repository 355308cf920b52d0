"""Archives of runs: up and down over sockets, what is in them as pages, hostile zips, memory and retention."""
import html
import http.client
import io
import json
import os
import random
import tempfile
import unittest
import urllib.parse
import zipfile

from program import Cli
from server import Server

NOW = 1_602_000_000
COMMIT = NOW - 86_400
QUERY = urllib.parse.urlencode({'platform': 'mac'})
BOUNDARY = 'a-boundary-that-no-zip-has'
FILE_HEAD = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="archive.zip"\r\n'
             'Content-Type: application/octet-stream\r\n\r\n').encode()
FORM_END = f'\r\n--{BOUNDARY}--\r\n'.encode()
MEGABYTE = 1 << 20
SANITIZER = os.environ['RESULTSDB_SANITIZER']  # empty: none
SIZE = int(os.environ.get('RESULTSDB_ARCHIVE_MB', '150')) * MEGABYTE


def fields(number=0):
    commit = {'repository_id': 'webkit', 'hash': f'{number + 1:040x}', 'branch': 'main', 'timestamp': COMMIT + number, 'order': 0}
    values = {'suite': 'layout-tests', 'timestamp': str(COMMIT + 100 + number), 'commits': json.dumps([commit]),
              'configuration': json.dumps({'platform': 'mac', 'version': '10.14.0', 'is_simulator': False, 'architecture': 'x86_64'})}
    return b''.join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                    for name, value in values.items())


def zip_of(members, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


class Blocks:
    """A zip of one stored member of SIZE bytes that compress badly, made while it is read."""

    def __init__(self):
        self.block = random.Random(1).randbytes(MEGABYTE)
        shell = io.BytesIO()
        with zipfile.ZipFile(shell, 'w', allowZip64=True) as archive:
            archive.writestr('archive/', '')
            with archive.open('archive/large.bin', 'w', force_zip64=True) as member:
                for number in range(SIZE // MEGABYTE):
                    member.write(self.number_of(number))
        # Only one zip is ever in this process's memory: what is measured is the server.
        self.bytes = shell.getbuffer()

    def number_of(self, number):
        return number.to_bytes(8, 'big') + self.block[8:]


class Archives(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = 'sqlite:' + os.path.join(folder.name, 'store.db')

    def serve(self, *options, now=NOW):
        server = Server(self.store, '--clock', str(now), *options)
        self.addCleanup(server.stop)
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.address).netloc, timeout=120)
        self.addCleanup(self.connection.close)
        return server

    def post(self, content, number=0):
        """`content`: bytes, or an iterable of them with its size."""
        pieces, size = content if isinstance(content, tuple) else ([content], len(content))
        head = fields(number) + FILE_HEAD
        self.connection.putrequest('POST', '/api/upload/archive')
        self.connection.putheader('Content-Type', f'multipart/form-data; boundary={BOUNDARY}')
        self.connection.putheader('Content-Length', str(len(head) + size + len(FORM_END)))
        self.connection.endheaders()
        for piece in (head, *pieces, FORM_END):
            self.connection.send(piece)
        reply = self.connection.getresponse()
        return reply.status, reply.read().decode()

    def get(self, path):
        self.connection.request('GET', path)
        reply = self.connection.getresponse()
        return reply.status, reply.read()

    def check(self):
        self.assertEqual(Cli(self.store).json('check')['problems'], [])

    def test_there_and_back(self):
        content = zip_of([('archive/', ''), ('archive/file.txt', 'data'), ('archive/sub/page.html', '<a href="../file.txt">it</a>')])
        server = self.serve()
        self.assertEqual(self.post(content), (200, '{"status":"ok"}\n'))
        self.assertEqual(self.get(f'/api/upload/archive?{QUERY}'), (200, content))
        self.assertEqual(self.get(f'/archive/file.txt?{QUERY}'), (200, b'data'))
        self.assertEqual(self.get(f'/archive/other.txt?{QUERY}')[0], 404)
        page = b'<a href="../file.txt?platform=mac&is_simulator=False&version=10.14.0&architecture=x86_64'
        self.assertEqual(self.get(f'/archive/sub/page.html?{QUERY}')[1][:len(page)], page, 'its links lead to files of the same run')
        self.assertEqual(self.get('/archive/' + self.link_on(f'/archive/sub/page.html?{QUERY}')), (200, b'data'))
        server.stop()
        self.check()
        # A store that was moved has its archives.
        exported = Cli(self.store).run('export').stdout
        with tempfile.TemporaryDirectory() as folder:
            self.store = 'sqlite:' + os.path.join(folder, 'moved.db')
            Cli(self.store).run('import-export', '-', stdin=exported)
            self.check()
            server = self.serve()
            self.assertEqual(self.get(f'/api/upload/archive?{QUERY}'), (200, content))
            self.assertEqual(self.get(f'/archive/file.txt?{QUERY}'), (200, b'data'))
            server.stop()

    def link_on(self, page):
        """Of the only link there, that leads one folder up."""
        return html.unescape(self.get(page)[1].decode().split('href="../')[1].split('"')[0])

    def test_folders_are_listed_by_the_corrected_profile(self):
        self.serve('--webkit-profile', 'webkit-corrected')
        self.assertEqual(self.post(zip_of([('archive/', ''), ('archive/file.txt', 'data'), ('archive/sub/page.html', '')]))[0], 200)
        status, page = self.get(f'/archive?{QUERY}')
        self.assertEqual(status, 200)
        self.assertIn(b'file.txt', page)
        self.assertIn(b'sub/', page)

    def test_hostile_zips(self):
        self.serve('--webkit-profile', 'webkit-corrected')
        self.assertEqual(self.post(b'PK\x03\x04 no zip')[0], 400)
        link = zipfile.ZipInfo('archive/link.txt')
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        outside = tempfile.TemporaryDirectory()
        self.addCleanup(outside.cleanup)
        target = os.path.join(outside.name, 'secret.txt')
        absolute = os.path.join(outside.name, 'absolute.txt')
        climbing = 'archive/' + '../' * 32 + absolute.lstrip('/')
        with open(target, 'w', encoding='ascii') as file:
            file.write('a secret outside')
        hostile = zip_of([('archive/', ''), ('archive/good.txt', 'good'), (climbing, 'out of it'), (absolute, 'out of it'),
                          ('archive\\..\\w.txt', 'out of it'), (link, target), ('archive/bomb.txt', b'\0' * (64 * MEGABYTE))])
        self.assertEqual(self.post(hostile)[0], 200, 'it is kept as it is')
        self.assertEqual(self.get(f'/archive/good.txt?{QUERY}'), (200, b'good'))
        status, listing = self.get(f'/archive?{QUERY}')
        self.assertEqual((status, listing.count(b'<li>')), (200, 2), listing)  # good.txt and bomb.txt
        up = '../' * 32
        for name in (up + target[1:], up.replace('.', '%2e') + target[1:], target, target[1:], absolute, absolute[1:], 'absolute.txt',
                     climbing, climbing.removeprefix('archive/'), 'w.txt', 'archive\\..\\w.txt', 'link.txt', 'bomb.txt'):
            status, body = self.get(f'/archive/{urllib.parse.quote(name, safe="/%")}?{QUERY}')
            self.assertIn(status, (400, 404), name)
            self.assertNotIn(b'a secret outside', body, name)
            self.assertNotIn(b'out of it', body, name)
        self.assertEqual(os.listdir(outside.name), ['secret.txt'], 'nothing is ever unpacked')
        good = zip_of([('archive/', ''), ('archive/a.txt', 'a' * 5000), ('archive/b.txt', 'b')])
        draw = random.Random(7)
        for number in range(1, 60):
            damaged = bytearray(good)
            for _ in range(draw.randrange(1, 4)):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            status, _ = self.post(bytes(damaged[:draw.randrange(len(damaged) // 2, len(damaged) + 1)]), number)
            self.assertIn(status, (200, 400))
            for path in ('', 'a.txt'):
                try:
                    status, _ = self.get(f'/archive/{path}?{QUERY}&uuid={(COMMIT + number) * 100}')
                    self.assertLess(status, 500)
                except http.client.HTTPException:  # damage that shows up while it is sent ends the connection
                    self.connection.close()
        self.assertEqual(self.get('/api/suites?platform=mac')[0], 200)
        self.check()

    def test_archives_go_when_their_time_is_over(self):
        content = zip_of([('archive/', ''), ('archive/file.txt', 'data')])
        server = self.serve()
        self.assertEqual(self.post(content)[0], 200)
        server.stop()
        weeks = 7 * 86_400
        server = self.serve(now=COMMIT + 8 * weeks)
        self.assertEqual(self.get(f'/api/upload/archive?{QUERY}&recent=false')[0], 200, 'exactly so old is not over')
        server.stop()
        server = self.serve(now=COMMIT + 8 * weeks + 1)  # the first round begins with the server
        for _ in range(10_000):
            try:
                if self.get(f'/api/upload/archive?{QUERY}&recent=false')[0] == 404:
                    break
            except http.client.HTTPException:  # it went while it was sent
                self.connection.close()
        else:
            self.fail('the archive is still there')
        self.assertEqual(self.get('/api/suites?platform=mac&recent=false')[0], 200, 'its suite stays')
        server.stop()
        self.check()

    def test_a_large_archive_needs_little_memory(self):
        large = Blocks()
        server = self.serve()
        self.assertEqual(self.get('/api/suites')[0], 404)

        def peak():
            with open(f'/proc/{server.process.pid}/status', encoding='ascii') as file:
                return next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM:'))

        before = peak()
        pieces = [large.bytes[at:at + MEGABYTE] for at in range(0, len(large.bytes), MEGABYTE)]
        self.assertEqual(self.post((pieces, len(large.bytes)))[0], 200)
        self.connection.request('GET', f'/api/upload/archive?{QUERY}')
        reply = self.connection.getresponse()
        at = 0
        while piece := reply.read(MEGABYTE):
            self.assertEqual(piece, large.bytes[at:at + len(piece)], f'at {at}')
            at += len(piece)
        self.assertEqual(at, len(large.bytes))
        self.connection.request('GET', f'/archive/large.bin?{QUERY}')
        reply = self.connection.getresponse()
        if SIZE <= 256 * MEGABYTE:  # larger members are only in the archive
            count = 0
            while piece := reply.read(MEGABYTE):
                self.assertEqual(piece, large.number_of(count))
                count += 1
            self.assertEqual(count, SIZE // MEGABYTE)
        else:
            reply.read()
        print(f'{SIZE // MEGABYTE} MB there and back: {peak() - before:.0f} MB of memory more, {peak():.0f} in all')
        if SANITIZER:
            print(f'the bound on memory is not checked: a build with the {SANITIZER} sanitizer keeps freed memory and shadows')
        else:
            self.assertLess(peak(), 64)


if __name__ == '__main__':
    unittest.main(verbosity=2)
