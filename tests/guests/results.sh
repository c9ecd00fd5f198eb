#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What label, unlabel, inject and selftest say for programs, against docs/result.schema.json and against what they do: a dry run says what the run
# says and changes nothing, a second run changes nothing.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up

cat >"$lab/hold.py" <<'PY'
import json, sys
try:
    import jsonschema
except ImportError:
    jsonschema = None
schema, answer, status, *facts = sys.argv[1:]
told = json.load(open(answer))
if jsonschema:
    jsonschema.Draft7Validator(json.load(open(schema))).validate(told)
assert told["status"] == int(status), told
for fact in facts:
    assert eval(fact, {"told": told, "guest": (told.get("guests") or [{}])[0]}), (fact, told)
PY
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || [ "${CI:-}" != true ] || fail 'python3-jsonschema is missing'

# answer STATUS FACT... -- ARGS...: the command ends so, and what it says is so, in Python
answer() {
    local wanted=$1 status=0 facts=()
    shift
    while [ "$1" != -- ]; do facts+=("$1") && shift; done
    shift
    vn "$@" --format json >"$lab/answer" 2>"$lab/said" || status=$?
    [ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$lab/answer" "$lab/said")"
    [ ! -s "$lab/said" ] || fail "$* says on standard error: $(cat "$lab/said")"
    /usr/bin/python3 "$lab/hold.py" "$lab_source/docs/result.schema.json" "$lab/answer" "$status" "${facts[@]}" || fail "$*: $(cat "$lab/answer")"
    ok "virt-nested $*"
}
# both FACT... -- ARGS...: dry, then really, then again
both() {
    local facts=() before
    while [ "$1" != -- ]; do facts+=("$1") && shift; done
    shift
    before=$(definition web1)
    answer 0 'told["dry_run"]' 'told["changed"]' "${facts[@]}" -- "$@" --dry-run
    [ "$(definition web1)" = "$before" ] || fail "$* --dry-run changes the definition"
    answer 0 'not told["dry_run"]' 'told["changed"]' "${facts[@]}" -- "$@"
    [ "$(definition web1)" != "$before" ] || fail "$* changes nothing"
    answer 0 'not told["changed"]' -- "$@"
}

lab_guest web1 cpu=kvm64 | lab_define
first=$(definition web1)
both 'guest["guest"] == "web1"' 'guest["outcome"] == "done"' 'guest["label"] == {"before": "none", "after": "require"}' 'guest["problem"] == ""' \
    '"svm policy=" in guest["what"]' -- label web1 require
expect_has web1 'injected='
answer 0 'not told["changed"]' 'guest["label"] == {"before": "require", "after": "require"}' 'guest["outcome"] == "nothing"' -- inject web1
both 'guest["label"] == {"before": "require", "after": "none"}' -- unlabel --restore web1
[ "$(definition web1)" = "$first" ] || fail "not as before: $(definition web1)"
lab_virsh metadata web1 --uri urn:virt-nested:domain:1 --key vn --set "<nested policy='require'/>" --config >/dev/null
both 'guest["outcome"] == "done"' 'guest["what"].endswith("added")' -- inject web1
both 'guest["label"]["after"] == "none"' -- unlabel web1

# What waits for a cold start, and what goes wrong.
lab_guest saved cpu=kvm64 | lab_define
lab_virsh start saved >/dev/null
answer 0 'any("until it is shut down" in text for text in guest["waits"])' -- label saved require
lab_guest against cpu_xml="<cpu mode='custom'><model>kvm64</model><feature policy='disable' name='svm'/></cpu>" | lab_define
answer 1 'guest["outcome"] == "failed"' 'guest["changed"]' 'guest["what"] == "would be labelled require"' 'guest["problem"].startswith("its definition would not be changed: ")' \
    -- label --dry-run against require
answer 1 'guest["outcome"] == "failed"' 'guest["what"] == "labelled require"' 'told["problems"]' -- label against require
answer 1 'guest == {**guest, "guest": "nobody", "outcome": "failed", "changed": False, "label": {"before": None, "after": None}}' 'not told["changed"]' -- label nobody require
answer 1 'told["guests"] == []' '"no connection" in told["problems"][0]' -- label web1 require --connect 'qemu+unix:///system?socket=/nonexistent'
answer 0 'told["command"] == "selftest"' 'not told["changed"]' '"live" in told["said"][0]' -- selftest
lab_hook_remove
answer 1 'told["problems"]' -- selftest
expect_vn 2 'excludes names, --dry-run, --override and --format json' inject --watch --format json
expect_vn 2 '--format json is about guests' inject --format json ./web1.xml
lab_done
