#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `list` over several hosts: those that answer, and each way not to. The far ones are libvirt's test driver, which needs no daemon; the one
# that stops in the middle is a daemon that is stopped.
set -euo pipefail
. "$(dirname "$0")/guests.sh"
lab_need
lab_up
lab_guest web1 cpu=kvm64 label=require | lab_define
near=qemu:///system
far=test:///default
gone="qemu+unix:///system?socket=/nonexistent"
mute="qemu+unix:///system?socket=$lab/mute"
hung="qemu+ssh://hung.example/system?command=$lab/bin/ssh"
refused="qemu+ssh://ad%6din@refused.example/system?command=$lab/bin/ssh"
printf '#!/bin/sh\ncase "$*" in *refused*) printf "no \\033[31mway\\n" >&2; exit 255 ;; esac\necho $$ >%q\nsleep 300 & sleep 300\n' "$lab/ssh.pid" >"$lab/bin/ssh"
chmod 755 "$lab/bin/ssh"
# Takes connections and says nothing, as a daemon that is stopped does.
lab_in /usr/bin/python3 -c 'import socket, sys, time
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(64)
time.sleep(300)' "$lab/mute" {lab_fd}>&- &
lab_wait 50 test -S "$lab/mute" || fail 'no socket'

/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || [ "${CI:-}" != true ] || fail 'python3-jsonschema is missing'
cat >"$lab/hold.py" <<'PY'
import json, sys
try:
    import jsonschema
except ImportError:
    jsonschema = None
schema, *facts = sys.argv[1:]
told = json.load(sys.stdin)
if jsonschema:
    validator = jsonschema.Draft7Validator(json.load(open(schema)))
    validator.validate(told)
    # A schema that takes anything proves nothing.
    for host in told.get("hosts", []) if isinstance(told.get("hosts"), list) else []:
        assert not validator.is_valid({"hosts": [{**host, "problem": 1}]})
for fact in facts:
    assert eval(fact, {"told": told}), (fact, told)
PY
# answer STATUS FACT... -- ARGS...: of JSON
answer() {
    local wanted=$1 status=0 facts=()
    shift
    while [ "$1" != -- ]; do facts+=("$1") && shift; done
    shift
    vn list "$@" >"$lab/answer" 2>"$lab/said" || status=$?
    [ "$status" = "$wanted" ] || fail "list $*: status $status, not $wanted: $(cat "$lab/answer" "$lab/said")"
    [ ! -s "$lab/said" ] || fail "list $* says on standard error: $(cat "$lab/said")"
    lab_in /usr/bin/python3 "$lab/hold.py" "$lab_source/docs/list.schema.json" "${facts[@]}" <"$lab/answer" || fail "list $*: $(cat "$lab/answer")"
    ok "list $*"
}
nobody_left() {
    if lab_in pgrep -f 'sleep 300$' >/dev/null; then fail "an ssh is left: $(lab_in pgrep -af 'sleep 300$')"; fi
    if lab_in pgrep -f 'virt-nested-guests list' >/dev/null; then fail 'a process of list is left'; fi
}

# --- one host: in each format what a connection by default says, however the host is asked
for format in text json counts prometheus; do
    vn list --format "$format" >"$lab/default"
    vn list --format "$format" -c "$near" >"$lab/one"
    vn list --format "$format" -c "$near" --timeout 20 >"$lab/apart"
    cmp "$lab/default" "$lab/one" || fail "$format: the URI changes the answer"
    cmp "$lab/one" "$lab/apart" || fail "$format: a process of its own changes the answer"
    if grep -q 'HOST\|"hosts"\|host=' "$lab/one"; then fail "$format: one host is told apart: $(cat "$lab/one")"; fi
    ok "one host, $format"
done
answer 0 'list(told) == ["uri", "host", "guests"]' 'told["guests"][0]["name"] == "web1"' -- --format json
answer 0 'list(told) == ["total", "exposed", "labels"]' -- --format counts
expect_vn 3 'virt-nested list: no connection to' list -c "$gone"
expect_vn 3 'virt-nested list: it does not answer: nothing came from it for 1 s' list -c "$mute" --timeout 1
[ "$(wc -l <<<"$said")" = 1 ] || fail "$said"

# --- several
answer 0 '[host["connect"] for host in told["hosts"]] == ["test:///default", "qemu:///system"]' \
    '[guest["name"] for host in told["hosts"] for guest in host["guests"]] == ["test", "web1"]' \
    'told["hosts"][1]["host"]["local"] and told["hosts"][1]["problem"] is None' -- --format json -c "$far" -c "$near" -c "$far"
answer 0 'len(told["hosts"]) == 1' -- --format json -c "$near" -c "$near"
answer 0 'told["total"] == 2 and told["hosts"] == {"asked": 2, "answered": 2} and told["problems"] == []' -- --format counts -c "$far" -c "$near"
expect_vn 0 '2 of 2 hosts answered' list -c "$far" -c "$near"
grep -q "^qemu:///system  *web1  *shut off" <<<"$said" || fail "$said"
vn list -c "$far" -c "$near" --exposed --format json >"$lab/answer"
vn list -c "$near" --exposed --format json >"$lab/one"
lab_in /usr/bin/python3 -c 'import json, sys
several, one = (json.load(open(name)) for name in sys.argv[1:])
assert several["hosts"][1]["guests"] == one["guests"], (several, one)' "$lab/answer" "$lab/one" || fail 'another --exposed than of one host'

# --- and those that do not answer: all at once, so the time is that of one
silent=(--timeout 3 -c "$hung" -c "$gone" -c "$far" -c "$mute" -c "$refused" -c "$near" -c 'no%uri:::' -c 'what:///ever')
began=$(date +%s)
{ status=0; vn list "${silent[@]}" >"$lab/table" 2>&1 || status=$?; echo "$status" >"$lab/status"; } &
table=$!
answer 4 '["problem" in host and host["problem"] is not None for host in told["hosts"]] == [True, True, False, True, True, False, True, True]' \
    'told["hosts"][0]["problem"] == "it does not answer: nothing came from it for 3 s"' 'told["hosts"][3]["problem"] == told["hosts"][0]["problem"]' \
    '"nonexistent" in told["hosts"][1]["problem"]' '"way" in told["hosts"][4]["problem"]' -- --format json "${silent[@]}"
wait "$table"
took=$(($(date +%s) - began))
[ "$took" -lt 12 ] || fail "it took $took s"
nobody_left
said=$(cat "$lab/table")
[ "$(cat "$lab/status")" = 4 ] || fail "status $(cat "$lab/status"): $said"
grep -qxF '2 of 8 hosts answered.' <<<"$said" || fail "$said"
order=$(awk '{ print $1 }' <<<"$said" | head -n 9 | paste -sd ' ')
[ "$order" = "HOST hung.example $gone $far $mute refused.example $near no%uri::: what:///ever" ] || fail "$order"
grep -q '^hung.example  *-  *no answer .*it does not answer' <<<"$said" || fail "$said"
if grep -q $'\033' <<<"$said"; then fail "what ssh said is not escaped: $said"; fi
ok 'a table of eight, two of which answer'
answer 4 'told["hosts"] == {"asked": 3, "answered": 1}' '[one["connect"] for one in told["problems"]] == ["what:///ever", "test:///nonexistent.xml"]' \
    -- --format counts -c what:///ever -c "$near" -c test:///nonexistent.xml
expect_vn 4 "virt_nested_host_answers{host=\"$gone\"} 0" list --format prometheus -c "$gone" -c "$near"
grep -q "^virt_nested_guest_exposed{host=\"$near\",guest=\"web1\"" <<<"$said" || fail "$said"
answer 3 'all(host["problem"] for host in told["hosts"])' -- --format json -c "$gone" -c what:///ever

# --- a daemon that is stopped, and goes on
pid=$(cat "$lab/run/libvirtd.pid")
lab_kill -STOP "$pid"
expect_vn 4 '1 of 2 hosts answered' list --timeout 3 -c "$near" -c "$far"
lab_kill -CONT "$pid"
expect_vn 0 '2 of 2 hosts answered' list --timeout 20 -c "$near" -c "$far"

# --- more than are asked at once
many=()
for ((i = 0; i < 40; i++)); do many+=(-c "test:///default?host=$i"); done
answer 0 'len(told["hosts"]) == 40' '[host["connect"] for host in told["hosts"]] == [f"test:///default?host={i}" for i in range(40)]' -- --format json "${many[@]}"

# --- a person who has enough of it: no ssh outlives the command
rm -f "$lab/ssh.pid"
lab_in sh -c 'echo $$ >"$1"; shift; exec "$@"' sh "$lab/list.pid" "$VN_BUILD/validator/virt-nested" list -c "$hung" -c "$mute" {lab_fd}>&- &
waiting=$!
lab_wait 50 test -s "$lab/ssh.pid" || fail 'no ssh'
lab_kill -TERM "$(cat "$lab/list.pid")"
status=0
wait "$waiting" || status=$?
[ "$status" = 143 ] || fail "SIGTERM: status $status"
nobody_left
ok 'SIGTERM'

# --- wrong usage
expect_vn 2 "--connect ''" list -c "$near" -c ''
expect_vn 2 'is not 1 to 3600 seconds' list --timeout 0
expect_vn 2 'is not 1 to 3600 seconds' list --timeout -5
expect_vn 2 "'x'" list --timeout x
lab_done
