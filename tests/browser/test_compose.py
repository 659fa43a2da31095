"""The page at / in a real browser, against the real service."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest
from chromium import PHONE
from complaints import Complaints
from composer import Composer, code
from measures import Traffic, layout_shift, obstacles, overflow
from payloads import HOSTILE
from playwright.sync_api import BrowserContext, Page, expect
from service import BELL, Service

OTHER_HOST = "service"  # the browser takes it for 127.0.0.1


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext], service: Service) -> Composer:
    """The page at `/`, as wide as a small phone."""
    return Composer(new_context(viewport=PHONE).new_page(), f"{service.url}/")


# The first visit


def test_the_first_program_is_there_before_any_script(
    new_context: Callable[..., BrowserContext], service: Service
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(service.url)
    assert page.get_by_role("textbox", name="Program").input_value() == code("bell")


def test_whoever_comes_and_presses_run_sees_the_circuit_and_the_counts(front: Composer) -> None:
    assert front.program == code("bell")
    assert front.example.input_value() == "bell"
    expect(front.circuit).to_be_visible()
    expect(front.facts).to_have_text(
        "2 qubits · depth 3 · 2 gates · 64 B of memory · statevector · takes a moment"
    )
    front.run()
    assert set(front.counts()) == {"00", "11"}
    assert sum(front.counts().values()) == 1024
    expect(front.status).to_contain_text("1,024 shots")
    expect(front.result).to_have_attribute("aria-busy", "false")


def test_the_page_does_not_jump_while_it_is_loaded(front: Composer) -> None:
    expect(front.circuit).to_be_visible()
    assert layout_shift(front.page) <= 0.01


def test_the_page_asks_for_little_and_nothing_twice(page: Page, service: Service) -> None:
    traffic = Traffic(page)
    front = Composer(page, f"{service.url}/")
    expect(front.circuit).to_be_visible()
    page.wait_for_load_state("networkidle")
    sizes = traffic.sizes("/editor.js")
    assert all(url.startswith(service.url) for url in sizes)
    assert len(sizes) <= 10
    assert sum(sizes.values()) <= 170_000
    cold = sum(sizes.values())
    traffic.finished.clear()
    front.open(f"{service.url}/")
    expect(front.circuit).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert sum(traffic.sizes("/").values()) < cold


# Drafts, and programs that others share


def test_a_draft_is_there_when_one_comes_back(front: Composer, service: Service) -> None:
    front.type(BELL + "// mine")
    front.set("Shots", "17")
    front.choose("ghz")
    expect(front.page.get_by_label("Shots")).to_have_value("")
    front.example.select_option(value="")
    expect(front.page.locator(".cm-content")).to_contain_text("// mine")
    front.open(f"{service.url}/")
    assert front.program == BELL + "// mine"
    assert front.example.input_value() == ""
    front.run()
    assert sum(front.counts().values()) == 17


def test_a_shared_address_opens_program_and_options_and_no_server_sees_them(
    front: Composer, new_context: Callable[..., BrowserContext]
) -> None:
    asked: list[str] = []
    front.choose("sweep")
    front.set("theta", "0 : 1 : 2")
    front.set("Name", "π & co")
    front.page.get_by_role("button", name="Share").click()
    expect(front.note).to_contain_text("address")
    address = front.page.url
    assert "#" in address
    other = new_context().new_page()
    other.on("request", lambda request: asked.append(request.url))
    guest = Composer(other, address)
    assert guest.program == code("sweep")
    expect(other.get_by_label("theta")).to_have_value("0 : 1 : 2")
    expect(other.get_by_label("Name", exact=True)).to_have_value("π & co")
    assert not any("#" in url for url in asked)


def test_no_draft_is_lost_to_an_example_or_a_link(front: Composer, service: Service) -> None:
    mine = f"{BELL}// mine\n"
    front.type(mine)
    front.choose("ghz")
    front.editor.press("Control+End")
    front.page.keyboard.insert_text("// edited")
    front.example.select_option(label="Yours, before that")
    expect(front.page.locator(".cm-content")).to_contain_text("// mine")
    front.page.get_by_role("button", name="Share").click()
    expect(front.note).to_contain_text("address")
    address = front.page.url
    front.editor.press("Control+End")
    front.page.keyboard.insert_text("// after the link")
    # It would bring the shared program back.
    expect(front.page).not_to_have_url(re.compile("#"))
    front.open(f"{service.url}/")
    assert front.program.endswith("// after the link")
    front.page.goto(address)
    expect(front.page.locator(".cm-content")).not_to_contain_text("after the link")
    front.page.go_back()
    expect(front.page.locator(".cm-content")).to_contain_text("after the link")


def test_an_address_that_cannot_be_read_shows_the_first_program(
    page: Page, service: Service
) -> None:
    front = Composer(page, f"{service.url}/#1.")
    for fragment in ("1.AAAA", "2.x", "1.<script>", "1." + "A" * 5000):
        expect(front.note).to_contain_text("cannot be read")
        assert front.program == code("bell")
        page.evaluate("document.getElementById('note').textContent = ''")
        page.goto(f"{service.url}/#{fragment}")  # which does not load the page again
    expect(front.note).to_contain_text("cannot be read")
    assert front.program == code("bell")


def test_a_file_that_is_dropped_is_opened(front: Composer) -> None:
    script = """([text, on]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], "mine.qasm"));
      const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
      const drop = new DragEvent("drop", how);
      document.querySelector(on).dispatchEvent(drop);
    }"""
    for on in ("header", ".cm-content"):
        program = BELL + f"// on {on}"
        front.page.evaluate(script, [program, on])
        expect(front.page.locator(".cm-content")).to_contain_text(f"// on {on}")
        assert front.program == program
        front.page.evaluate("document.getElementById('note').textContent = ''")
        front.page.evaluate(script, ["\0ELF", on])
        expect(front.note).to_have_text("mine.qasm is no program.")
        assert front.program == program


# Editor, circuit and palette


def test_the_palette_inserts_a_statement_with_qubits_of_the_program(front: Composer) -> None:
    front.type('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] work;\nbit[3] c;\n')
    group = front.page.get_by_role("group", name="Insert a gate")
    for gate in ("h", "cx", "rx", "measure"):
        group.get_by_role("button", name=gate, exact=True).click()
        expect(front.page.locator(".cm-content")).to_contain_text(re.compile(rf"\b{gate}\b.*work"))
    assert front.program.endswith(
        "h work[0];\ncx work[0], work[1];\nrx(pi/2) work[0];\nc = measure work;"
    )
    expect(front.problems).to_have_count(0)
    for declared, gate in (
        ("OPENQASM 3.0; qubit a; qubit b; ", "cx a, b;"),
        ("OPENQASM 2.0; qreg r[2]; qreg s[1];", "cx r[0], r[1];"),
        ("OPENQASM 3.0; /* qubit[4] no; */\nqubit[4] αβ;", "cx αβ[0], αβ[1];"),
        ("OPENQASM 3.0; const int n = 3; qubit[1] a; qubit[n] b;", "cx a[0], b[0];"),
    ):
        front.type(declared)
        group.get_by_role("button", name="cx", exact=True).click()
        expect(front.page.locator(".cm-content")).to_contain_text(gate)


def test_a_gate_leads_to_its_line_and_a_line_to_its_gates(front: Composer) -> None:
    front.choose("ghz")
    expect(front.page.get_by_role("img", name="Circuit: 20 qubits")).to_be_visible()
    front.page.get_by_role("application", name="Steps of the circuit").focus()
    front.page.keyboard.press("Home")
    front.page.keyboard.press("ArrowRight")
    front.page.keyboard.press("Enter")
    # (The first key that is pressed in a drawing loads what knows the keys.)
    expect(front.page.locator(".cm-activeLine")).to_have_text("  cx q[i], q[i + 1];")
    assert front.focused() == "Program"
    marked = front.page.locator("#circuit .marks > *")
    expect(marked.first).to_be_attached()
    before = marked.count()
    front.page.keyboard.press("ArrowUp")
    front.page.keyboard.press("ArrowUp")
    expect(front.page.locator(".cm-activeLine")).to_have_text("h q[0];")
    assert marked.count() != before


def test_control_and_enter_run_the_program(front: Composer) -> None:
    front.editor.press("Control+Enter")
    front.says("Completed")


# The same with curl


def test_curl_sends_what_the_page_would_send(front: Composer, service: Service) -> None:
    program = BELL + '// it\'s "$HOME" `id` \\n \\ π\n// END\n'
    front.type(program)
    front.set("Shots", "7")
    expect(front.command).to_contain_text('"shots":7')
    snippet = front.command.text_content()
    # A curl that prints its arguments, then what it was sent.
    script = f'curl() {{ printf "%s\\n" "$*"; cat; }}\n{snippet}'
    run = subprocess.run(
        ["/bin/sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    submit, body, fetch = run.stdout.decode().splitlines()
    tasks = f"{service.url}/v1/tasks"
    assert submit == f"-s {tasks} -H Content-Type: application/json -H Prefer: wait=20 --data @-"
    assert json.loads(body) == {"qc": program, "shots": 7}
    assert fetch == f"-s {tasks}/TASK_ID/result"
    front.choose("ghz")
    front.run()
    expect(front.command).to_contain_text(f"{tasks}/{front.task.inner_text()}/result'")


@pytest.mark.parametrize("host", ["127.0.0.1", OTHER_HOST])  # one with a clipboard, one without
def test_the_copy_button_copies_the_command(
    page: Page, complaints: Complaints, service: Service, host: str
) -> None:
    if host == OTHER_HOST:  # over plain HTTP, this header is for 127.0.0.1 alone
        complaints.expect("Cross-Origin-Opener-Policy header has been ignored")
    front = Composer(page, service.url.replace("127.0.0.1", host))
    has_clipboard = page.evaluate("navigator.clipboard !== undefined")
    assert has_clipboard == (host == "127.0.0.1")
    page.locator("#same summary").click()
    expect(front.command).to_contain_text("curl")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copy")).to_have_text("Copied")
    front.set("Name", "")
    page.get_by_label("Name", exact=True).press("Control+v")
    expect(page.get_by_label("Name", exact=True)).to_have_value(re.compile("^curl -s 'http"))


# For everybody


def test_a_phone_need_not_scroll_sideways(phone: Composer, complaints: Complaints) -> None:
    complaints.expect("status of 422")
    assert not overflow(phone.page)
    phone.choose("ghz")
    phone.run()
    assert not overflow(phone.page)
    phone.type("oops " * 100)
    phone.fail()
    assert not overflow(phone.page)


def test_a_phone_need_not_scroll_sideways_for_long_keys(phone: Composer) -> None:
    phone.show({" ".join(["01" * 50] * 3): 999_999, "1" * 302: 1})
    assert not overflow(phone.page)
    parts = [part.bounding_box() for part in phone.histogram.locator("> *").all()]
    assert len(parts) == 8
    assert all(box and box["x"] + box["width"] <= PHONE["width"] for box in parts)


def test_everybody_can_use_the_page_in_every_state(
    front: Composer, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    expect(front.circuit).to_be_visible()
    assert obstacles(front.page) == []
    front.choose("sweep")
    front.set("Name", "mine")
    front.run()
    assert obstacles(front.page) == []
    front.choose("observables")
    front.run()
    assert obstacles(front.page) == []
    front.choose("mistake")
    front.fail()
    front.page.locator("#same summary").click()
    assert obstacles(front.page) == []


def test_hostile_text_is_shown_and_not_interpreted(
    front: Composer, complaints: Complaints
) -> None:
    """The test fails at any dialog, script, or violation of the policy: see complaints.py."""
    complaints.expect("status of 422")
    front.page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    front.show(dict.fromkeys(HOSTILE, 3))
    assert front.counts() == dict.fromkeys(HOSTILE, 3)
    every = "\n".join(HOSTILE)
    errors = [{"line": 1, "column": 1, "snippet": text, "hint": text} for text in HOSTILE]
    front.answer((422, {"detail": every, "errors": errors}))
    front.fail()
    assert front.alert.locator("p").first.text_content() == every
    assert front.alert.locator("pre").all_text_contents() == HOSTILE
    front.type(every)
    for text in HOSTILE:
        front.set("Name", text)
        expect(front.page.locator("#chosen")).to_have_text(f"Name {text}")
    front.set("Tags", ",".join(f"{n}={text}" for n, text in enumerate(HOSTILE)))
    tags = {str(n): text for n, text in enumerate(HOSTILE)}
    body = {"qc": every, "name": HOSTILE[-1], "tags": tags}
    command = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    expect(front.command).to_contain_text(command)
    # CodeMirror has images of its own: empty ones, where a browser would lose the cursor.
    ours = "main :is(img, iframe, script, style):not(.cm-widgetBuffer)"
    expect(front.page.locator(ours)).to_have_count(0)


def test_the_task_of_a_hostile_name_is_shown_as_text(
    front: Composer, service: Service, page: Page
) -> None:
    name = HOSTILE[0]
    id = service.submit(BELL, name=name, tags={"of": HOSTILE[1]})
    service.final(id)
    page.goto(f"{service.url}/ui/tasks/{id}")
    expect(page.get_by_text(name)).to_be_visible()
