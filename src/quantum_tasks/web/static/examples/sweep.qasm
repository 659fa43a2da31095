// One task, many runs: each value of `theta` is a run.
// The share of 1 grows as sin²(theta / 2).
OPENQASM 3.0;
include "stdgates.inc";

input angle theta;
qubit q;
bit c;

rx(theta) q;
c = measure q;
