// How far apart two results are, and how far shot noise alone would bring them.

const EXACT_UPTO = 25; // variance of a binomial; above, a normal one is off by less than 0.2 %

/** A result as its distribution: `probabilities` by outcome; `shots`, Infinity for exact ones; and
 *  whether these are all outcomes. */
export const distribution = ({ probabilities, rest }, shots) => ({
  probabilities: new Map(Object.entries(probabilities)),
  shots: shots || Infinity,
  whole: !rest?.outcomes,
});

/** Total variation distance: half the sum of |p(x) - q(x)| over all outcomes x; 0 for equal results,
 *  1 for those without a common outcome. If outcomes are missing, those that are not known of both
 *  count as one: then the distance is at least this (to merge outcomes never adds to it). */
export function distance(a, b) {
  let [sum, p, q] = [0, 0, 0];
  for (const outcome of new Set([...a.probabilities.keys(), ...b.probabilities.keys()])) {
    const [one, other] = [known(a, outcome), known(b, outcome)];
    if (one === undefined || other === undefined) continue;
    sum += Math.abs(one - other);
    [p, q] = [p + one, q + other];
  }
  return Math.min(1, (sum + Math.abs(p - q)) / 2);
}

const known = ({ probabilities, whole }, outcome) =>
  probabilities.get(outcome) ?? (whole ? 0 : undefined);

/** The distance that is expected of two samples of one and the same distribution, and the one that
 *  they exceed in at most 1 of 20 cases: { expected, rarely }.
 *
 *  Given what both have together, t times an outcome x in n + m shots, the n shots of the first get
 *  a hypergeometric number of these. Its mean absolute deviation is taken as that of the binomial
 *  with t trials and chance n / (n + m), times sqrt((n + m - t) / (n + m - 1)), the ratio of their
 *  standard deviations. (1/n + 1/m) / 2 times the sum over all x is the expectation. With an exact
 *  distribution q on one side, x is binomial with n trials and chance q(x).
 *
 *  The bound is McDiarmid's: one shot more or less changes the distance by at most 1/n, so it is
 *  above its expectation by s with a chance of at most exp(-2 s^2 / (1/n + 1/m)). C. McDiarmid, On
 *  the method of bounded differences, Surveys in Combinatorics (1989) 148-188. */
export function noise(a, b) {
  const per = 1 / a.shots + 1 / b.shots;
  const [exact, other] = a.shots === Infinity ? [a, b] : [b, a];
  let expected = 0;
  for (const outcome of new Set([...a.probabilities.keys(), ...b.probabilities.keys()])) {
    const [p, q] = [known(exact, outcome), known(other, outcome)];
    if (exact.shots === Infinity) {
      if (other.shots < Infinity) expected += deviation(other.shots, p) / other.shots / 2;
    } else {
      const all = exact.shots + other.shots;
      const times = Math.round(p * exact.shots + q * other.shots);
      const narrower = Math.sqrt((all - times) / (all - 1));
      expected += (per / 2) * narrower * deviation(times, exact.shots / all);
    }
  }
  return { expected, rarely: Math.min(1, expected + Math.sqrt((Math.log(20) * per) / 2)) };
}

/** The mean absolute deviation of a binomial number from its mean: de Moivre's
 *  2 k C(n, k) p^k (1 - p)^(n - k + 1), k the first whole number above n p. P. Diaconis and S. Zabell,
 *  Closed form summation for classical distributions, Statistical Science 6 (1991) 284-302, eq. 1.1.
 *  For large ones that of the normal distribution: sqrt(2 / pi) times the standard deviation. */
export function deviation(n, p) {
  p = Math.min(p, 1 - p); // counting what does not happen deviates as much
  const variance = n * p * (1 - p);
  if (variance > EXACT_UPTO) return Math.sqrt((2 / Math.PI) * variance);
  if (variance <= 0) return 0;
  const k = Math.floor(n * p) + 1;
  let logarithm = k * Math.log(p) + (n - k + 1) * Math.log1p(-p);
  for (let i = 0; i < k; i++) logarithm += Math.log((n - i) / (i + 1));
  return 2 * k * Math.exp(logarithm);
}
