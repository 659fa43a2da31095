// The quantum Fourier transform of five qubits, of the number 5:
// every outcome is equally probable; the phases tell the number.
OPENQASM 3.0;
include "stdgates.inc";

const int n = 5;
qubit[n] q;
bit[n] c;

x q[0];
x q[2];
barrier q;

for int i in [0:n - 1] {
  h q[n - 1 - i];
  for int j in [1:n - 1 - i] {
    cp(pi / 2 ** j) q[n - 1 - i - j], q[n - 1 - i];
  }
}
for int i in [0:1] {
  swap q[i], q[n - 1 - i];
}
c = measure q;
