"""Fetching an image from its registry, with the credentials of the Docker client's own configuration.

The SDK's own `pull` waits without a limit, and takes no notice of an error that comes after the first layer.
"""

from __future__ import annotations

import warnings
from typing import Any

import docker
import docker.auth
import docker.errors
import requests
import urllib3
from docker.utils import parse_repository_tag
from docker.utils.json_stream import json_stream

from harness.base.errors import HarnessError


class ImageUnavailable(HarnessError):
    """An image is not on the engine and can't be pulled."""


def pull(client: docker.DockerClient, reference: str, *, silence_s: float) -> None:
    """Have the engine fetch an image.

    Args:
        reference: with a tag or a digest.
        silence_s: how long the engine may say nothing of how it goes on, in seconds.

    Raises:
        ImageUnavailable: with the message of the registry, the engine or the credential helper.
    """
    try:
        _pull(client, reference, silence_s)
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise _unavailable(reference, f"no data for {silence_s:g} s") from error
    except (docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        reason = str(getattr(error, "explanation", None) or error)
        raise _unavailable(reference, reason.strip().rstrip(".")) from error


def _pull(client: docker.DockerClient, reference: str, silence_s: float) -> None:
    api: Any = client.api  # its types lack that it is a session of `requests`
    repository, tag = parse_repository_tag(reference)
    registry, _ = docker.auth.resolve_repository_name(repository)
    with warnings.catch_warnings():
        # A helper that is missing is reported twice by the SDK; once is an error with its name.
        warnings.simplefilter("ignore", UserWarning)
        credentials = docker.auth.get_config_header(api, registry)
    response = api.post(
        f"{api.base_url}/v{api.api_version}/images/create",
        params={"fromImage": repository, "tag": tag},
        headers={"X-Registry-Auth": credentials} if credentials else {},
        stream=True,
        timeout=silence_s,
    )
    with response:
        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            raise docker.errors.create_api_error_from_http_exception(error) from error
        for line in json_stream(response.iter_content(None)):
            if isinstance(line, dict) and "error" in line:
                raise docker.errors.DockerException(str(line["error"]))


def _unavailable(reference: str, reason: str) -> ImageUnavailable:
    return ImageUnavailable(
        f"image {reference} is not on the Docker engine and cannot be pulled: {reason}",
        "A private registry requires `docker login` once, as this user.",
    )
