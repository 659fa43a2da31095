// Moves the state of one qubit to another by measuring two
// and acting on what came out. The leftmost bit, `received`,
// is 1 in sin²(π/8) = 15 % of the shots, whatever `sent` is.
OPENQASM 3.0;
include "stdgates.inc";

qubit message;
qubit alice;
qubit bob;
bit[2] sent;
bit[1] received;

ry(pi / 4) message; // the state to send

h alice;            // a pair that Alice and Bob share
cx alice, bob;

cx message, alice;  // Alice measures ...
h message;
sent[0] = measure message;
sent[1] = measure alice;

if (sent[1]) {      // ... and Bob corrects
  x bob;
}
if (sent[0]) {
  z bob;
}
received[0] = measure bob;
