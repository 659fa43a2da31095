// A round of a surface code of distance 3: nine data qubits,
// and eight helpers that measure whether neighbours agree.
// Without noise, `z_check` is always 0000.
OPENQASM 3.0;
include "stdgates.inc";

qubit[9] data;
qubit[8] helper;
bit[4] x_check;
bit[4] z_check;
bit[9] result;

// X checks: helpers 0 to 3.
for int i in [0:3] {
  h helper[i];
}
cx helper[0], data[1];
cx helper[0], data[2];
cx helper[1], data[0];
cx helper[1], data[1];
cx helper[1], data[3];
cx helper[1], data[4];
cx helper[2], data[4];
cx helper[2], data[5];
cx helper[2], data[7];
cx helper[2], data[8];
cx helper[3], data[6];
cx helper[3], data[7];
for int i in [0:3] {
  h helper[i];
}

// Z checks: helpers 4 to 7.
cx data[0], helper[4];
cx data[3], helper[4];
cx data[1], helper[5];
cx data[2], helper[5];
cx data[4], helper[5];
cx data[5], helper[5];
cx data[3], helper[6];
cx data[4], helper[6];
cx data[6], helper[6];
cx data[7], helper[6];
cx data[5], helper[7];
cx data[8], helper[7];

x_check = measure helper[0:3];
z_check = measure helper[4:7];
result = measure data;
