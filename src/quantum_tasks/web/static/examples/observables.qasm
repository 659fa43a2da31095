// The means of ZZ, XX and ZI in an entangled state, without
// shots and so exact: 1, 0.5 and 0. See the options below.
OPENQASM 3.0;
include "stdgates.inc";

qubit[2] q;

h q[0];
cx q[0], q[1];
rz(pi / 3) q[1];
