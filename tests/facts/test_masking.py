import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.facts.masking import mask, names_secret

HF = "hf_" + "aB3dE6gH9" * 4
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_x"
BASE64 = "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"using {HF} from env", "using *** from env"),
        (f"HF_TOKEN={HF}", "HF_TOKEN=***"),
        ("key AKIAIOSFODNN7EXAMPLE is disabled", "key *** is disabled"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = ***"),
        ("Incorrect API key provided: sk-proj-Ab12Cd34Ef56Gh78Ij90.", "Incorrect API key provided: ***."),
        ("api_key=sk-abcdefghijklmnopqrstuv123", "api_key=***"),
        ("--api-key " + "-".join(("sk", "ant", "api03", "Ab12" * 6)), "--api-key ***"),
        ("clone https://ghp_0123456789abcdefghijAB@github.com/a", "clone https://***@github.com/a"),
        ("nvapi-" + "a1" * 20 + " expired", "*** expired"),
        ("Authorization: Bearer abc123def456ghi789", "Authorization: Bearer ***"),
        (f"authorization: Basic {BASE64}", "authorization: Basic ***"),
        (f'"Authorization": "Basic {BASE64}"', '"Authorization": "Basic ***"'),
        (f"header {JWT} rejected", "header *** rejected"),
        ("postgresql://app:s3cr3t@db:5432/x refused", "postgresql://***@db:5432/x refused"),
        ("redis://:hunter2@redis:6379", "redis://***@redis:6379"),
        ("password=hunter2 host=db", "password=*** host=db"),
        ("Password: hunter2", "Password: ***"),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
        ('{"password": "two words", "user": "a"}', '{"password": "***", "user": "a"}'),
        (r"{\"password\": \"hunter2\"}", r"{\"password\": \"***\"}"),
        ("token: 0a1b2c3d4e5f", "token: ***"),
        ("?token=0a1b2c3d4e5f&x=1", "?token=***&x=1"),
        ("GET /b?X-Amz-Signature=abcdef0123&X-Amz-Date=1", "GET /b?X-Amz-Signature=***&X-Amz-Date=1"),
        ("secret=Zm9vYmFyYmF6cXV4MTIz", "secret=***"),
        ("--hf-token Ab1Cd2Ef3 --model m", "--hf-token *** --model m"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n  AbCd\n-----END RSA PRIVATE KEY-----\nnext",
            "-----BEGIN RSA PRIVATE KEY-----\n***\n  ***\n-----END RSA PRIVATE KEY-----\nnext",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow", "-----BEGIN PRIVATE KEY-----\n***"),
    ],
)
def test_a_secret_is_masked_and_the_rest_stays(text, masked):
    assert mask(text) == masked
    assert mask(masked) == masked
    # What the masked value leaves stands in the text in order, each mask in place of at least one character.
    assert re.fullmatch(".+?".join(map(re.escape, masked.split("***"))), text)


@pytest.mark.parametrize(
    "text",
    [
        'secret "hf-token" not found',
        'MountVolume.SetUp failed for volume "creds" : secret "hf-token-v2" not found',
        "couldn't find key token in Secret ml/hf-token",
        "secret: registry-credentials-7d4f9c6b5",
        "secret=ml/hf-token-v2-x2x9z",
        "imagePullSecrets: [regcred]",
        "0/5 nodes are available: 5 Insufficient nvidia.com/gpu.",
        "uid 0b2cd6a4-0d1c-4cb5-9d1a-4b6f5d1f2a3b resourceVersion 123456789",
        "docker-pullable://nginx:1.25@sha256:" + "0a" * 32,
        "ghcr.io/a/b@sha256:" + "0a" * 32,
        "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "failed to fetch oauth token: denied: requested access to the resource is denied",
        'failed to fetch token: Post "https://10.96.0.1:443/api/v1/namespaces/a/serviceaccounts/b/token": EOF',
        "could not get token: AADSTS700016: Application not found",
        "password authentication failed for user app",
        "eos_token='<|im_end|>', pad_token_id=151643, max_tokens=4096, token: 151643",
        "time per output token: 0.0123sec",
        "Namespace(api_key=None, hf_token=None, token='')",
        "token: $(HF_TOKEN) password=${DB_PASSWORD}",
        "tokenPath: /var/run/secrets/kubernetes.io/serviceaccount/token",
        "token=/var/run/secrets/tokens/token1234",
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
        "bearer authentication failed",
        "pod sk-learn-training-job-for-images is pending",
        "task-runner-abcdefghijklmnopqrstuvwxyz",
        "ssh://git@github.com/a/b",
        "GET https://registry.example.com:5000/v2/: dial tcp 10.0.0.1:5000",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "already masked: token: *** password=***",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert mask(text) == text


def test_every_secret_of_a_long_text_is_masked():
    text = f"password=hunter2 {HF}\n" * 500
    assert mask(text) == "password=*** ***\n" * 500


@pytest.mark.parametrize(
    "unit",
    [
        "-eyJaaaaaaaa",
        "eyJ",
        "sk-",
        "-sk-",
        "://",
        "://a:",
        "token=",
        "token: a",
        "secret=a.",
        "bearer ",
        "password=",
        "-----BEGIN PRIVATE KEY-----",
        "--a-",
        "authorization: ",
        "&sig=",
        "hf_",
        "a",
        "'",
        "secret: " + "a" * 190,
    ],
)
def test_a_hostile_megabyte_is_masked_in_linear_time(unit):
    # In quadratic time this would not end within the day.
    assert isinstance(mask(unit * (1_000_000 // len(unit))), str)


@given(st.text(alphabet="token=: \"'\\\n*aA1/@-", max_size=120))
def test_masking_twice_changes_nothing(text):
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "--api-key", "password", "CLIENT_SECRET", "token"]
)
def test_a_variable_that_holds_a_secret_is_known_by_its_name(name):
    assert names_secret(name)


@pytest.mark.parametrize(
    "name", ["", "MAX_TOKENS", "TOKENIZER", "PATH", "SECRET_NAME", "KEY", "x" * 100_000 + "_TOKEN"]
)
def test_other_variables_hold_no_secret(name):
    assert not names_secret(name)
