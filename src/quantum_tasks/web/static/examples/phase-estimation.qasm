// Reads the phase of a gate of our own, 5/16 of a turn,
// into four bits: always 0101.
OPENQASM 3.0;
include "stdgates.inc";

// Turns the phase of the state 1.
gate turn(steps, parts) q {
  p(2 * pi * steps / parts) q;
}

qubit[4] digit;
qubit target;
bit[4] c;

x target;
h digit;
ctrl @ turn(5, 16) digit[0], target;
ctrl @ pow(2) @ turn(5, 16) digit[1], target;
ctrl @ pow(4) @ turn(5, 16) digit[2], target;
ctrl @ pow(8) @ turn(5, 16) digit[3], target;

// The quantum Fourier transform, backwards.
swap digit[0], digit[3];
swap digit[1], digit[2];
h digit[0];
cp(-pi / 2) digit[0], digit[1];
h digit[1];
cp(-pi / 4) digit[0], digit[2];
cp(-pi / 2) digit[1], digit[2];
h digit[2];
cp(-pi / 8) digit[0], digit[3];
cp(-pi / 4) digit[1], digit[3];
cp(-pi / 2) digit[2], digit[3];
h digit[3];

c = measure digit;
