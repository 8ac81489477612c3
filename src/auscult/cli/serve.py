"""``auscult serve``: the original's HTTP service, on a bundle."""

import typer

from auscult.bundle import load
from auscult.cli.output import err
from auscult.cli.registry import CaFile, PasswordStdin, PlainHttp, Username, bundle_file


def serve(
    bundle: str = typer.Argument(..., help="The bundle that judges (.auscult, or oci://registry/name@sha256:...)."),
    host: str = typer.Option("127.0.0.1", help="Address to listen on; 0.0.0.0 for all of this machine's."),
    port: int = typer.Option(5000, min=0, max=65535, help="Port to listen on; 0 for any free one."),
    max_upload_mb: float = typer.Option(64.0, help="Largest upload in MB; larger ones get 413."),
    upload_timeout_s: float = typer.Option(30.0, help="Longest time an upload may take, in seconds; then 408."),
    max_clip_s: float = typer.Option(600.0, help="Longest clip in seconds; longer ones get 422."),
    max_pending: int = typer.Option(64, help="Most uploads under way at a time; further ones get 503."),
    max_pending_mb: float = typer.Option(256.0, help="Most MB of uploads under way together; further ones get 503."),
    model_name: str = typer.Option("auscult", help="What the bundle is called in the Open Inference Protocol."),
    username: Username = None,
    password_stdin: PasswordStdin = False,
    ca_file: CaFile = None,
    plain_http: PlainHttp = False,
) -> None:
    """Answer POST /inference with verdicts, until SIGTERM or Ctrl-C.

    Besides: GET / , /v2/health/live, /v2/health/ready, /docs and /openapi.json.
    """
    from auscult.server import UploadLimits, create_app
    from auscult.server import serve as serve_app

    limits = UploadLimits(
        max_upload_mb=max_upload_mb,
        upload_timeout_s=upload_timeout_s,
        max_clip_s=max_clip_s,
        max_pending=max_pending,
        max_pending_mb=max_pending_mb,
    )
    path = bundle_file(bundle, username, password_stdin, ca_file, plain_http)
    app = create_app(load(path), limits=limits, where=bundle, model_name=model_name)

    def say(url: str) -> None:
        err.print(f"auscult: serving {bundle} on {url} (POST {url}/inference, documentation {url}/docs)", markup=False)

    serve_app(app, host=host, port=port, on_listening=say)
