"""STS, Secrets Manager, SNS, the metadata of a container and of an instance, in one small server.

Signatures are verified here by hmac and hashlib alone, from the bytes that arrived: nothing of the
program under test decides whether a request is right. What the services know is read from
state.json before each request, so a test changes it while the server runs; each request leaves one
line in requests.jsonl. Started as: aws_services.py FOLDER; the port is written to FOLDER/port.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import urllib.parse

folder = sys.argv[1]
lock = threading.Lock()


def state():
    with open(os.path.join(folder, "state.json"), encoding="utf-8") as file:
        return json.load(file)


def save_state(known):
    path = os.path.join(folder, "state.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(known, file)
    os.replace(path + ".new", path)


class Refused(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def hmac_bytes(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical_query(query):
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    return "&".join(f"{name}={value}" for name, value in sorted((quote(n), quote(v)) for n, v in pairs))


def who_signed(request, body, service, known):
    """The entry of known["keys"] that signed; raises Refused as AWS would."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Refused(403, "MissingAuthenticationToken")
    algorithm, _, rest = header.partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    key_id, date, region, named_service, ending = fields["Credential"].split("/")
    entry = known["keys"].get(key_id)
    if algorithm != "AWS4-HMAC-SHA256" or ending != "aws4_request" or named_service != service:
        raise Refused(403, "SignatureDoesNotMatch", f"signed for {named_service}")
    if entry is None:
        raise Refused(403, "InvalidClientTokenId")
    if entry.get("expired"):
        raise Refused(403, "ExpiredToken")
    stamp = request.headers["x-amz-date"]
    sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    age = abs((datetime.datetime.now(datetime.timezone.utc) - sent).total_seconds())
    if age > 900 or not stamp.startswith(date):
        raise Refused(403, "RequestExpired")
    payload_hash = hashlib.sha256(body).hexdigest()
    if request.headers.get("x-amz-content-sha256", payload_hash) != payload_hash:
        raise Refused(400, "XAmzContentSHA256Mismatch")
    names = fields["SignedHeaders"].split(";")
    for needed in ("host", "x-amz-date"):
        if needed not in names:
            raise Refused(403, "SignatureDoesNotMatch", f"{needed} is not signed")
    token = request.headers.get("x-amz-security-token")
    if token != entry.get("token") or (token and "x-amz-security-token" not in names):
        raise Refused(403, "InvalidClientTokenId", "the session token is not that of the key")
    headers = "".join(
        f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    path, _, query = request.path.partition("?")
    canonical = "\n".join(
        [request.command, path, canonical_query(query), headers, ";".join(names), payload_hash])
    scope = f"{date}/{region}/{service}/aws4_request"
    to_sign = "\n".join(
        [algorithm, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + entry["secret"]).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac_bytes(key, part)
    if not hmac.compare_digest(hmac_bytes(key, to_sign).hex(), fields["Signature"]):
        raise Refused(403, "SignatureDoesNotMatch", "canonical request: " + canonical)
    return {"key_id": key_id, "region": region, **entry}


def expiration(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def assumed(role, known):
    """The next keys of the role; they are known from now on."""
    handed_out = known.setdefault("handed_out", 0) + 1
    known["handed_out"] = handed_out
    key_id = f"ASIAROLE{handed_out:04d}"
    entry = {"secret": f"canary-role-secret-{handed_out}", "token": f"canary-role-token/{handed_out}+=",
             "account": role["account"], "arn": role["assumed_arn"]}
    known["keys"][key_id] = entry
    save_state(known)
    return key_id, entry


def credentials_xml(action, role, known):
    key_id, entry = assumed(role, known)
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
<Credentials><AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{entry["secret"]}</SecretAccessKey>
<SessionToken>{entry["token"]}</SessionToken><Expiration>{expiration(role.get("lasts", 3600))}</Expiration>
</Credentials></{action}Result></{action}Response>"""


def sts(request, body, known, note):
    form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    action = form.get("Action")
    if action == "Publish":
        return sns(request, form, body, known, note)
    note.update(action=action, role=form.get("RoleArn"), session=form.get("RoleSessionName"),
                duration=form.get("DurationSeconds"))
    if action == "AssumeRoleWithWebIdentity":
        role = known["roles"].get(form["RoleArn"])
        if role is None or role.get("web_token") != form["WebIdentityToken"]:
            raise Refused(400, "InvalidIdentityToken", "no OpenIDConnect provider vouches for it")
        note["signed"] = "Authorization" in request.headers
        return credentials_xml(action, role, known)
    signer = who_signed(request, body, "sts", known)
    note.update(signer=signer["key_id"], region=signer["region"])
    if action == "GetCallerIdentity":
        return f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{signer["arn"]}</Arn>
<UserId>AIDA</UserId><Account>{signer["account"]}</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""
    if action == "AssumeRole":
        role = known["roles"].get(form["RoleArn"])
        if role is None or signer["arn"] not in role["trusts"] or role.get("external_id") != form.get("ExternalId"):
            raise Refused(403, "AccessDenied",
                          f"User: {signer['arn']} is not authorized to perform: sts:AssumeRole")
        return credentials_xml(action, role, known)
    raise Refused(400, "InvalidAction")


def secrets_manager(request, body, known, note):
    asked = json.loads(body)
    note.update(action="GetSecretValue", secret=asked["SecretId"], stage=asked.get("VersionStage"))
    signer = who_signed(request, body, "secretsmanager", known)
    note.update(signer=signer["key_id"], region=signer["region"])
    if request.headers["X-Amz-Target"] != "secretsmanager.GetSecretValue":
        raise Refused(400, "InvalidAction")
    versions = known["secrets"].get(asked["SecretId"])
    if versions is None:
        raise Refused(400, "ResourceNotFoundException", "Secrets Manager can't find the secret.")
    value = versions.get(asked.get("VersionStage", "AWSCURRENT"))
    if value is None:
        raise Refused(400, "ResourceNotFoundException", "no version for staging label")
    answer = {"Name": asked["SecretId"], "VersionId": "v"}
    if isinstance(value, dict) and "binary" in value:
        answer["SecretBinary"] = base64.b64encode(value["binary"].encode()).decode()
    else:
        answer["SecretString"] = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(answer)


def sns(request, form, body, known, note):
    note.update(action="Publish", topic=form["TopicArn"], subject=form.get("Subject"),
                message=form["Message"])
    signer = who_signed(request, body, "sns", known)
    note.update(signer=signer["key_id"], region=signer["region"])
    topic = known.get("topics", {}).get(form["TopicArn"])
    if topic is None:
        raise Refused(404, "NotFound", "Topic does not exist")
    if signer["key_id"] not in topic["publishers"]:
        raise Refused(403, "AuthorizationError",
                      f"User: {signer['arn']} is not authorized to perform: SNS:Publish")
    if form["TopicArn"].split(":")[3] != signer["region"]:
        raise Refused(400, "InvalidParameter", "Invalid parameter: TopicArn")
    subject = form.get("Subject", "x")
    if len(subject) > 100 or not subject.isascii() or not subject.isprintable():
        raise Refused(400, "InvalidParameter", "Invalid parameter: Subject")
    if not form["Message"] or len(form["Message"].encode()) > 262144:
        raise Refused(400, "InvalidParameter", "Invalid parameter: Message too long")
    if topic.get("throttled", 0) > 0:
        topic["throttled"] -= 1
        save_state(known)
        raise Refused(400, "Throttling", "Rate exceeded")
    return ("<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>"
            "<MessageId>6e4-m1</MessageId></PublishResult></PublishResponse>")


def keys_json(entry):
    return json.dumps({"Code": "Success", "AccessKeyId": entry["key_id"],
                       "SecretAccessKey": entry["secret"], "Token": entry["token"],
                       "Expiration": expiration(entry.get("lasts", 3600))})


def metadata(request, known, note):
    path = request.path
    note["action"] = "metadata " + path
    if path.startswith("/container"):
        container = known["container"]
        if request.headers.get("Authorization") != container.get("authorization"):
            raise Refused(401, "Unauthorized")
        return keys_json(container)
    instance = known["instance"]
    if path == "/latest/api/token":
        if request.command != "PUT" or "x-aws-ec2-metadata-token-ttl-seconds" not in request.headers:
            raise Refused(400, "BadRequest")
        return instance["metadata_token"]
    if request.headers.get("x-aws-ec2-metadata-token") != instance["metadata_token"]:
        raise Refused(401, "Unauthorized")
    roles = "/latest/meta-data/iam/security-credentials/"
    if path == roles and "role" in instance:
        return instance["role"] + "\n"
    if "role" in instance and path == roles + instance["role"]:
        return keys_json(instance)
    raise Refused(404, "NotFound")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        note = {}
        with lock:
            known = state()
            status, text = self.judged(body, known, note)
            note["status"] = status
            with open(os.path.join(folder, "requests.jsonl"), "a", encoding="utf-8") as file:
                file.write(json.dumps(note) + "\n")
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def judged(self, body, known, note):
        is_json = "X-Amz-Target" in self.headers
        try:
            if known.get("failing", 0) > 0:
                known["failing"] -= 1
                save_state(known)
                raise Refused(503, "ServiceUnavailable")
            if is_json:
                return 200, secrets_manager(self, body, known, note)
            if self.command == "POST":
                return 200, sts(self, body, known, note)
            return 200, metadata(self, known, note)
        except Refused as refused:
            note["refused"] = refused.code
            if is_json:
                return refused.status, json.dumps(
                    {"__type": "com.amazonaws#" + refused.code, "message": refused.message})
            return refused.status, (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{refused.code}</Code>"
                f"<Message>{refused.message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w", encoding="utf-8") as file:
    file.write(str(server.server_address[1]))
os.replace(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
