"""The grammar of OpenQASM 3 as rules to write programs by, most of which make no sense.

A rule is a name, and below it the ways to write it, two blanks apart; `<other>` stands for
another rule. In a strict program the ways that say `<any>`, `<name>`, `<size>` or `<huge>` are
left out: then most types fit, and more of the program is looked at before something is wrong.
"""

from __future__ import annotations

import re

LOOSE = re.compile(r"<(?:any|name|size|huge)>")

# What the rules may name; a program declares what it uses, in this order.
DECLARATIONS = {
    "q": "qubit[3] q;",
    "r": "qubit r;",
    "c": "bit[3] c;",
    "b": "bit b;",
    "N": "const int N = 2;",
    "n": "int n = 1;",
    "i": "int i = 0;",
    "s": "int[8] s = -3;",
    "u": "uint[4] u = 5;",
    "f": "float f = 0.5;",
    "h": "float[32] h = 1.5;",
    "g": "angle[4] g = pi / 2;",
    "a": "angle a = pi / 3;",
    "t": "bool t = true;",
    "z": "complex[float[64]] z = 1 + 2im;",
    "d": "duration d = 10ns;",
    "w": "array[int[8], 3] w = {1, 2, 3};",
    "m": "array[float[64], 2, 2] m = {{1, 2}, {3, 4}};",
    "v": "let v = q[0:1];",
    "e": "let e = c[{2, 0}];",
    "G": "gate G(x) y { rx(x) y; }",
    "H": "gate H y, k { ctrl @ h y, k; inv @ s y; }",
    "S": "def S(qubit y, float k) -> bit { ry(k) y; return measure y; }",
    "F": "def F(int[8] y, bit k) -> int[8] { if (k) { return -y; } return y + 1; }",
    "P": "def P(qubit[2] y) { h y; if (measure y[0]) { return; } x y[1]; }",
    "A": "def A(mutable array[int[8], #dim = 1] y) { y[0] = y[1]; }",
}
USES = {"v": "q", "e": "c"}

RULES = """
statement
  <gate>
  <measurement>
  <assignment>
  <declaration>
  <control>
  <control>
  <quantum>
  <odd>

gate
  x <qubit>;
  h <qubits>;
  rx(<angle>) <qubits>;
  cx <qubits>, <qubit>;
  U(<angle>, <angle>, <angle>) <qubit>;
  G(<angle>) <qubit>;
  H <qubit>, <qubit>;
  ccx <qubit>, <qubit>, <qubit>;
  cu(<angle>, f, 1, <angle>) q[0], <qubit>;
  gphase(<angle>);
  <modifier> x <qubit>;
  <modifier> <modifier> rz(<angle>) q[0], <qubit>;
  <modifier> gphase(<angle>) <qubit>;
  ctrl @ <modifier> swap q[0], q[1], <qubit>;
  <name> <qubits>;
  <name>(<any>) <qubits>;
  <modifier> <name>(<any>, <any>) <qubits>, <any>;
  h <any>;
  rx(<any>, <any>) <qubits>;
  cx <qubits>;

modifier
  inv @  ctrl @  negctrl @  pow(<int>) @  pow(<float>) @  ctrl(<const>) @  negctrl(<size>) @
  pow(<any>) @

qubit
  q[0]  q[<const>]  r  v[0]  $0  q[<int>]  q[-1]  <name>[<any>]

qubits
  <qubit>  q  v  q[<range>]  q[{0, <const>}]  q[1:]  <name>

measurement
  c[0] = measure q[0];
  b = measure <qubit>;
  c = measure q;
  c[<range>] = measure q[<range>];
  measure <qubits>;
  measure <qubit> -> c[<const>];
  c[<int>] = measure <qubit>;
  e = measure v;
  c[<int>] = measure <qubit>;
  bit[3] <fresh> = measure q;
  t = measure <qubit>;
  n = measure <qubits>;
  <name>[<any>] = measure <qubits>;
  measure <any> -> <name>;

assignment
  n = <int>;
  n <compound>= <int>;
  s = <int>;
  u <compound>= <int>;
  u = <int>;
  t = <bool>;
  b = <bit>;
  c[<const>] = <bit>;
  c[<int>] = <bit>;
  c = <bits>;
  c <bitwise>= <bits>;
  e = <bits>;
  f = <float>;
  f <compound>= <float>;
  g = <angle>;
  g <compound>= <angle>;
  a = <angle>;
  z = <complex>;
  h = <float>;
  d = <duration>;
  w[<int>] = <int>;
  w[<range>] = w[<range>];
  w[<const>] <compound>= <int>;
  m[<int>][0] = <float>;
  m[0] = m[<int>];
  w = {<int>, <int>, <int>};
  u[<int>] = <bit>;
  s[<range>] = <bits>;
  g[1] = <bit>;
  <name> = <any>;
  <name>[<any>] <compound>= <any>;

declaration
  <scalar> <fresh> = <int>;
  <scalar> <fresh>;
  const <scalar> <fresh> = <const>;
  bit[<const>] <fresh>;
  bit[3] <fresh> = <bits>;
  qubit[<const>] <fresh>;
  let <fresh> = <qubits> ++ <qubits>;
  let <fresh> = c[<range>];
  array[int[8], 2] <fresh> = {<int>, <int>};
  array[<scalar>, <const>, 2] <fresh>;
  creg <fresh>[2];
  qreg <fresh>[2];
  input <scalar> <fresh>;
  output <scalar> <fresh>;
  gate <fresh>(x) y { <gate> rx(x + <float>) y; }
  gate <fresh> y, k { <modifier> x y, k; }
  def <fresh>(<argument> y) -> <scalar> { <statement> return <any>; }
  def <fresh>(<argument> y, <argument> k) { <statement> <statement> }
  const <scalar> <fresh> = <any>;
  <scalar> <name> = <any>;
  bit[<size>] <fresh>;
  qubit[<size>] <fresh>;
  <scalar> <fresh> = <any>;
  array[<scalar>, <size>] <fresh> = <any>;
  let <name> = <any>;
  extern <fresh>(<scalar>) -> <scalar>;

scalar
  int  uint[4]  int[<const>]  bool  bit  float  angle  angle[5]  float[32]  complex
  complex[float[32]]  duration  bit[3]  uint[<size>]  float[<size>]  stretch

argument
  qubit  qubit[2]  int  bit[3]  angle[4]  readonly array[int[8], #dim = 1]
  mutable array[int[8], 3]  <scalar>

control
  if (<bool>) { <statement> }
  if (<bit>) { <statement> } else { <statement> }
  if (<bits> == <int>) <statement> else <statement>
  for int i in [0:2] { <statement> }
  for int i in [<int>:<int>] { <statement> <gate> }
  for uint[4] i in {0, <int>} { <statement> }
  for int[8] i in w { <statement> }
  for bit i in c { if (i) { <statement> } }
  for <scalar> i in <any> { <statement> }
  while (<bool>) { <statement> <measurement> }
  while (b) { b = measure r; <statement> }
  while (t) { t = false; <statement> }
  switch (<int>) { case 0 { <statement> } case 1, <const> { <statement> } default { <statement> } }
  switch (c) { case 5 { <statement> } default { <statement> } }
  { <statement> <statement> }
  box { <statement> }
  box[<duration>] { <gate> }
  if (<bool>) break;
  for int i in [0:1] { if (<bool>) break; <statement> }
  for int i in [0:1] { if (<bit>) continue; <statement> }
  if (<bit>) end;
  for int i in [0:<const>] { n += i; <statement> }
  while (n < 3) { n += 1; <statement> }
  while (<any>) { <statement> }
  if (<any>) <statement>
  switch (<any>) { case <any> { } }
  for int i in [<any>:<any>:<any>] { <statement> }

quantum
  reset <qubits>;
  barrier <qubits>;
  barrier;
  delay[<duration>] <qubits>;
  nop <qubits>;
  P(<qubits>);
  S(<qubit>, <float>);
  b = S(<qubit>, <angle>);
  n = F(<int>, <bit>);
  A(w);
  A(w[<range>]);
  F(<any>, <any>);
  <name>(<any>, <any>);
  reset <any>;

odd
  end;  break;  continue;  return <any>;  <any>;  pragma anything at all  @note here
  include "stdgates.inc";  cal { }  defcalgrammar "openpulse";  defcal x $0 { }

range
  0:1  <const>:<const>  2:-1:0  <int>:<int>  <const>:<int>:<const>  :  <any>:<any>
  {<const>, <const>}

int
  1  n  0  2  -1  u  s  w[<int>]  <int> + <int>  <int> - <int>  <int> * <int>  <int> / <int>
  <int> % <int>  <int> ** <int>  <int> << <int>  <int> >> <int>  <int> & <int>  <int> ^ <int>
  -<int>  ~<int>  (<int>)  int(<float>)  int[8](<int>)  uint[3](<bits>)  uint[4](<angle>)
  int(<bool>)  popcount(<bits>)  sizeof(w)  sizeof(m, <const>)  mod(<int>, <int>)
  F(<int>, <bit>)  i  0x1F  0b101  0o17  1_000  <huge>  <any>

const
  1  0  2  N  3  N - 1  -1  <const> + <const>  <const> * <const>  <const> ** <const>  int(3.7)
  2 > 1  i  sizeof(w)  <huge>  <size>

size
  0  -1  1  64  100  1.5  true  <any>

huge
  4294967296  9223372036854775808  10 ** 30  1 << 70  999999999999999999999999999999
  2 ** 2 ** 2 ** 2 ** 2  1e300  -9223372036854775808  100000  1e-320

float
  0.5  f  pi  h  1e-3  <float> + <float>  <float> - <float>  <float> * <float>
  <float> / <float>  <float> ** <int>  -<float>  sin(<float>)  sqrt(<float>)  arccos(<float>)
  exp(<float>)  log(<float>)  pow(<float>, <int>)  floor(<float>)  ceiling(<float>)
  float(<int>)  float(<bits>)  float[32](<angle>)  real(z)  m[<int>, 1]  <int>  <angle>
  <huge>  <any>

angle
  0.7  a  g  pi / 2  <float>  <angle> + <angle>  <angle> * <int>  <angle> / <int>
  <angle> - <angle>  angle(<float>)  angle[4](<bits>)  angle[6](<angle>)  -<angle>  n * 0.5
  rotl(g, <int>)  ~g  g << <int>  <any>

bool
  true  t  b  <int> < <int>  <float> >= <float>  <bits> == <bits>  <angle> != <angle>
  <bool> && <bool>  <bool> || <bool>  !<bool>  bool(<int>)  c == "101"  c == <int>  z == z
  <bit> == <bit>  <bool> == <bool>  <any>

bit
  b  c[0]  c[<int>]  1  <bit> ^ <bit>  <bit> & <bit>  ~<bit>  u[<int>]  bit(<int>)  <bool>
  measure <qubit>  S(<qubit>, <float>)  s[-1]  <any>

bits
  c  "101"  e  c[<range>]  <bits> ^ <bits>  <bits> | <bits>  ~<bits>  <bits> << <int>
  rotl(<bits>, <int>)  rotr(<bits>, <int>)  bit[3](<int>)  bit[4](<angle>)  bit[8](s)
  u[<range>]  "0101_1"  <any>

complex
  z  2im  <complex> + <complex>  <complex> * <float>  <complex> / <complex>
  <complex> ** <int>  exp(<complex>)  <float>  complex[float[32]](<float>)
  real(<complex>) + imag(<complex>)  <any>

duration
  10ns  d  0ns  <duration> + <duration>  <duration> * <int>  <duration> - <duration>  2.5us
  1dt  durationof({ x $0; })  -1ms  <any>

compound
  +  -  *  /  %  **  <bitwise>

bitwise
  &  |  ^  <<  >>

any
  1  <int>  <float>  <bool>  <bit>  <bits>  <angle>  <complex>  <duration>  <qubits>  <name>
  w  m  {1, {2}}  <any> + <any>  <any> == <any>  <any> ++ <any>  <scalar>(<any>)
  <name>(<any>)  <any>[<any>]  -<any>  !<any>  (<any>)  <any> ** <any>  q[<range>]  "0"  sin
  <any> < <any> < <any>  sizeof(<any>)  measure <any>

name
  q  r  c  b  n  w  m  f  t  G  S  F  N  d  z  v  e  i  nothing  pi  x  CX  sin  α  _x9
  popcount  gphase

fresh
  x1  x2  x3  q  c  n  α  h  pi  sin  U
"""


def read(text: str = RULES) -> dict[str, list[str]]:
    """Name of a rule -> the ways to write it."""
    rules = {}
    for block in text.strip().split("\n\n"):
        name, _, ways = block.partition("\n")
        rules[name] = re.split(r"\s{2,}", ways.strip())
    return rules
