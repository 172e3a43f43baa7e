"""A stand-in for the server of W&B on this machine: takes what `wandb sync` uploads and keeps it for a test to look at."""
import base64
import gzip
import http.server
import json
import sys
import threading


class QuietServer(http.server.ThreadingHTTPServer):
    """The uploader drops its idle connections at its end, which is no error."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class StandInServer:
    """Answers as the server does to one user; every run is new. `api_key` opens it."""

    user = 'someone'
    api_key = 'a' * 40

    def __init__(self):
        self.runs = {}  # id -> what the run was made with: project, displayName, config
        self.lines = {}  # id -> {'wandb-history.jsonl': [...], 'wandb-summary.json': [...]}
        self.ends = {}  # id -> exit code
        self.files = {}  # (id, path) -> bytes
        self.unknown = []  # what it was asked and does not know
        self._lock = threading.Lock()
        self._http = QuietServer(('127.0.0.1', 0), self._handler())
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self._http.server_address[1]}'

    def history(self, run):
        return [json.loads(line) for line in self.lines[run]['wandb-history.jsonl']]

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, query):
        operation, variables = query.get('operationName'), query.get('variables', {})
        if operation == 'ServerFeaturesQuery':
            return {'serverInfo': {'features': []}}
        if operation == 'UpsertBucket':
            known = variables['name'] in self.runs
            run = self.runs.setdefault(variables['name'], {})
            run.update({key: value for key, value in variables.items() if value is not None})
            bucket = {'id': 'storage-' + variables['name'], 'name': variables['name'],
                      'displayName': run.get('displayName'), 'description': '', 'config': run.get('config', '{}'),
                      'sweepName': None, 'historyLineCount': 0,
                      'project': {'id': 'p', 'name': run['project'], 'entity': {'id': 'e', 'name': self.user}}}
            return {'upsertBucket': {'bucket': bucket, 'inserted': not known}}
        if operation == 'CreateRunFiles':
            urls = [{'name': name, 'uploadUrl': f'{self.url}/upload/{variables["run"]}/{name}'}
                    for name in variables['files']]
            return {'createRunFiles': {'runID': 'storage-' + variables['run'], 'uploadHeaders': [], 'files': urls}}
        self.unknown.append(operation)
        return {}

    def _take_stream(self, run, message):
        for name, part in message.get('files', {}).items():
            lines = self.lines.setdefault(run, {}).setdefault(name, [])
            del lines[part['offset']:]
            assert len(lines) == part['offset'], f'{name} has {len(lines)} lines, the next are at {part["offset"]}'
            lines.extend(part['content'])
        if message.get('complete'):
            self.ends[run] = message.get('exitcode')

    def _post(self, path, body):
        parts = path.strip('/').split('/')
        if parts == ['graphql']:
            return {'data': self._answer(json.loads(body))}
        if len(parts) == 5 and parts[0] == 'files' and parts[4] == 'file_stream':
            self._take_stream(parts[3], json.loads(body))
            return {}
        self.unknown.append(path)
        return {}

    def _put(self, path, body):
        _, run, name = path.strip('/').split('/', 2)
        self.files[run, name] = body
        return {}

    def _handler(server):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def _serve(self, method):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                if self.headers.get('Content-Encoding') == 'gzip':
                    body = gzip.decompress(body)
                expected = 'Basic ' + base64.b64encode(f'api:{server.api_key}'.encode()).decode()
                code, answer = 200, {}
                with server._lock:
                    try:
                        if method is server._post and self.headers.get('Authorization') != expected:
                            code = 401
                        else:
                            answer = method(self.path, body)
                    except Exception as error:  # a mistake of either side fails the test, not the connection
                        server.unknown.append(f'{self.path}: {error!r}')
                        code = 400
                content = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self):
                self._serve(server._post)

            def do_PUT(self):
                self._serve(server._put)

            def log_message(self, *_):
                pass

        return Handler
