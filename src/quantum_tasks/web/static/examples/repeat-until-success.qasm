// Prepares a magic state, which no try makes for certain:
// it tries again until `failed`, the rightmost bit, is 0.
// The leftmost, `result`, is 0 in cos²(π/8) = 85 % of the shots.
OPENQASM 3.0;
include "stdgates.inc";

qubit helper;
qubit target;
bit[1] failed;
bit[1] result;

x helper;
failed[0] = measure helper; // 1, so that there is a first try
while (failed[0]) {
  reset helper;
  reset target;
  x target;
  h helper;
  ch helper, target;
  h helper;
  failed[0] = measure helper; // 1 in 85 % of the tries
}
result[0] = measure target;
