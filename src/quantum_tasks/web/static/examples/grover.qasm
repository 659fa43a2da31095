// Finds the one marked item, 101, among eight in two steps:
// in 94.5 % of the shots.
OPENQASM 3.0;
include "stdgates.inc";

qubit[3] q;
bit[3] c;

h q;
for int step in [1:2] {
  // The oracle flips the sign of 101.
  x q[1];
  ctrl(2) @ z q[0], q[1], q[2];
  x q[1];
  // Inversion about the mean.
  h q;
  x q;
  ctrl(2) @ z q[0], q[1], q[2];
  x q;
  h q;
}
c = measure q;
