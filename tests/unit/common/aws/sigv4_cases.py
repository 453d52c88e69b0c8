#!/usr/bin/env python3
"""Writes sigv4_cases.json: requests and what AWS Signature Version 4 makes of them.

Written from the specification with hashlib and hmac, without a look at the product's code. Cases with
"published" are examples of AWS's own documents and test suite; the script fails if it does not come to
the signatures that are printed there.
"""
import hashlib
import hmac
import json
import os
import urllib.parse

EMPTY = hashlib.sha256(b"").hexdigest()
DOC_KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SUITE_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
DOC_HOST = ["host", "examplebucket.s3.amazonaws.com"]
DOC_DATE = "20130524T000000Z"
SUITE = dict(host=["host", "example.amazonaws.com"], date="20150830T123600Z")


def quote(text, safe=""):
    return urllib.parse.quote(text.encode("utf-8"), safe=safe + "-._~")


def canonical(case):
    names = {}
    for name, value in case["headers"]:
        names.setdefault(name.lower(), []).append(" ".join(value.split()))
    query = sorted((quote(name), quote(value)) for name, value in case["query"])
    lines = [case["method"], quote(case["key"], safe="/"), "&".join(f"{n}={v}" for n, v in query)]
    lines += [f"{name}:{','.join(names[name])}" for name in sorted(names)]
    return "\n".join(lines + ["", ";".join(sorted(names)), case["payload_hash"]])


def scope(case):
    return f"{case['date'][:8]}/{case['region']}/{case['service']}/aws4_request"


def to_sign(case):
    return "\n".join(["AWS4-HMAC-SHA256", case["date"], scope(case),
                      hashlib.sha256(canonical(case).encode("utf-8")).hexdigest()])


def sign(case):
    key = ("AWS4" + case["secret"]).encode("utf-8")
    for part in scope(case).split("/"):
        key = hmac.new(key, part.encode("utf-8"), hashlib.sha256).digest()
    return hmac.new(key, to_sign(case).encode("utf-8"), hashlib.sha256).hexdigest()


def doc(name, method, key, query, headers, payload_hash, published=None):
    return dict(name=name, method=method, key=key, query=query, payload_hash=payload_hash, region="us-east-1",
                service="s3", date=DOC_DATE, access_key=DOC_KEY[0], secret=DOC_KEY[1], published=published,
                headers=[DOC_HOST] + headers + [["x-amz-content-sha256", payload_hash], ["x-amz-date", DOC_DATE]])


def suite(name, method, query, headers, body=b"", key="/", published=None, with_date=True):
    date = [["X-Amz-Date", SUITE["date"]]] if with_date else []
    return dict(name=name, method=method, key=key, query=query, payload_hash=hashlib.sha256(body).hexdigest(),
                region="us-east-1", service="service", date=SUITE["date"], access_key=SUITE_KEY[0],
                secret=SUITE_KEY[1], published=published, headers=headers + [SUITE["host"]] + date)


form = b"Param1=value1"
welcome = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()
cases = [
    doc("s3_get_range", "GET", "/test.txt", [], [["Range", "bytes=0-9"]], EMPTY,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    doc("s3_put_with_dollar", "PUT", "/test$file.text", [],
        [["Date", "Fri, 24 May 2013 00:00:00 GMT"], ["x-amz-storage-class", "REDUCED_REDUNDANCY"]], welcome,
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    doc("s3_valueless_parameter", "GET", "/", [["lifecycle", ""]], [], EMPTY,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    doc("s3_list", "GET", "/", [["max-keys", "2"], ["prefix", "J"]], [], EMPTY,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    suite("get_vanilla", "GET", [], [], published="5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    suite("get_query_order_of_names", "GET", [["Param2", "value2"], ["Param1", "value1"]], [],
          published="b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    suite("post_form", "POST", [], [["Content-Type", "application/x-www-form-urlencoded"]], form,
          published="ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    suite("get_query_order_of_values", "GET", [["Param1", "value2"], ["Param1", "Value1"]], []),
    suite("get_query_of_odd_bytes", "GET", [["a b", "c/d+e=f&g"], ["%", "~東京"]], []),
    suite("get_header_twice", "GET", [], [["My-Header1", "value2"], ["My-Header1", "value1"]]),
    suite("get_header_with_blanks", "GET", [], [["My-Header1", "  a   b   c  "], ["My-Header2", "\ta\t"]]),
    suite("delete_unsigned", "DELETE", [], []) | {"payload_hash": "UNSIGNED-PAYLOAD"},
    doc("s3_key_with_blanks_plus_percent", "GET", "/dumps/a b+c%20d=e&f@g:h(i)*.sql", [], [], EMPTY),
    doc("s3_key_in_unicode", "GET", "/dumps/東京 2026.sql.gz", [], [], EMPTY),
    doc("s3_key_with_dots_and_double_slash", "GET", "/a//..b/./c", [], [], EMPTY),
    doc("s3_continuation_token", "GET", "/", [["list-type", "2"], ["continuation-token", "1/x+y=="], ["prefix", "d/"]],
        [], EMPTY),
    doc("s3_session_token", "GET", "/x", [], [["x-amz-security-token", "AQoDYXdzEPT//////////wEXAMPLEtc764=="]], EMPTY),
]

for case in cases:
    case["path"] = quote(case["key"], safe="/")
    case["canonical_request"] = canonical(case)
    case["string_to_sign"] = to_sign(case)
    case["signature"] = sign(case)
    published = case.pop("published")
    if published and published != case["signature"]:
        raise SystemExit(f"{case['name']}: came to {case['signature']}, published is {published}")
    case["published"] = bool(published)

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sigv4_cases.json")
with open(target, "w", encoding="utf-8") as out:
    json.dump(cases, out, ensure_ascii=False, indent=1)
    out.write("\n")
print(f"{len(cases)} cases, {sum(case['published'] for case in cases)} of them published")
