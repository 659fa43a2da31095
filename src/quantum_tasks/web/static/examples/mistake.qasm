// What happens when a program is wrong? Run it and see.
OPENQASM 3.0;
include "stdgates.inc";

qubit[2] q;
bit[2] c;

h q[0];
cx q[0] q[1];
c = measure q;
