"""Gates that many programs call, and that neither the language nor stdgates.inc has.

They are not there until a program defines them. But whoever calls one is offered the definition,
and never another gate whose name looks alike.
"""

from __future__ import annotations

# The same gate under the name that stdgates.inc gives it.
_CALLED = {
    "ccnot": "ccx",
    "cnot": "cx",
    "cphaseshift": "cp",
    "cu1": "cp",
    "fredkin": "cswap",
    "i": "id",
    "identity": "id",
    "phaseshift": "p",
    "si": "sdg",
    "ti": "tdg",
    "toffoli": "ccx",
    "u": "u3",
    "v": "sx",
}
_DEFINED = {
    "c3sx": "a, b, c, d { ctrl(3) @ sx a, b, c, d; }",
    "c3x": "a, b, c, d { ctrl(3) @ x a, b, c, d; }",
    "c4x": "a, b, c, d, e { ctrl(4) @ x a, b, c, d, e; }",
    "ccz": "a, b, c { ctrl(2) @ z a, b, c; }",
    "cs": "a, b { ctrl @ s a, b; }",
    "csdg": "a, b { ctrl @ sdg a, b; }",
    "csx": "a, b { ctrl @ sx a, b; }",
    "cu3": "(t, f, l) a, b { cu(t, f, l, 0) a, b; }",
    "cv": "a, b { ctrl @ sx a, b; }",
    "dcx": "a, b { cx a, b; cx b, a; }",
    "ecr": "a, b { h b; cx a, b; rz(pi/4) b; cx a, b; h b; x a; "
    "h b; cx a, b; rz(-pi/4) b; cx a, b; h b; }",
    "iswap": "a, b { s a; s b; h a; cx a, b; cx b, a; h b; }",
    "r": "(t, f) a { rz(-f) a; rx(t) a; rz(f) a; }",
    "rccx": "a, b, c { h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }",
    "rcccx": "a, b, c, d { h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; "
    "t d; cx b, d; tdg d; h d; t d; cx c, d; tdg d; h d; }",
    "rxx": "(t) a, b { h a; h b; cx a, b; rz(t) b; cx a, b; h a; h b; }",
    "ryy": "(t) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(t) b; cx a, b; "
    "rx(-pi/2) a; rx(-pi/2) b; }",
    "rzx": "(t) a, b { h b; cx a, b; rz(t) b; cx a, b; h b; }",
    "rzz": "(t) a, b { cx a, b; rz(t) b; cx a, b; }",
    "sxdg": "a { inv @ sx a; }",
    "xx_minus_yy": "(t, f) a, b { rz(-f) b; h a; h b; cx a, b; rz(t/2) b; cx a, b; h a; h b; "
    "rx(pi/2) a; rx(pi/2) b; cx a, b; rz(-t/2) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; rz(f) b; }",
    "xx_plus_yy": "(t, f) a, b { rz(f) a; h a; h b; cx a, b; rz(t/2) b; cx a, b; h a; h b; "
    "rx(pi/2) a; rx(pi/2) b; cx a, b; rz(t/2) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; rz(-f) a; }",
}
_DEFINED |= {name: _DEFINED["r" + name] for name in ("xx", "yy", "zz")}
_DEFINED |= {"sqrtx": "a { sx a; }", "vdg": _DEFINED["sxdg"], "vi": _DEFINED["sxdg"]}
_CONTROLLED = {"mcx": "x", "mct": "x", "mcp": "p(pi/4)", "mcphase": "p(pi/4)", "mcz": "z"}

DEFINITIONS = {
    name: f"gate {name}{'' if text.startswith('(') else ' '}{text}"
    for name, text in sorted(_DEFINED.items())
}


def hint(name: str, included: bool) -> str | None:
    """What to write instead of a gate that is not there; None if the name is not known."""
    for known in (name, name.lower()):
        first = "" if included else 'add include "stdgates.inc"; and '
        if (same := _CALLED.get(known)) is not None:
            return f"{first}write '{same}', which is the same gate"
        if (definition := DEFINITIONS.get(known)) is not None:
            return f"{first}define it: {definition}"
        if (controlled := _CONTROLLED.get(known)) is not None:
            return (
                f"{first}write it with its number of controls: ctrl(3) @ {controlled} a, b, c, d;"
            )
    return None
