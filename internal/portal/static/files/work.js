// The proof of work of the registration, in place of a picture captcha: while
// the form is being filled in, find a number n such that
// SHA-256(SHA-256(challenge "\n" e-mail) | n as 8 bytes) begins with enough zero
// bits. Package proofofwork checks it. Without this script the form works too.
(function () {
  "use strict";
  const K = new Uint32Array(64), H = new Uint32Array(8);
  (function constants() { // fractional parts of roots of the first primes
    const frac = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
    for (let p = 2, n = 0; n < 64; p++) {
      let prime = true;
      for (let d = 2; d * d <= p; d++) { if (p % d === 0) { prime = false; break; } }
      if (!prime) { continue; }
      if (n < 8) { H[n] = frac(Math.sqrt(p)); }
      K[n++] = frac(Math.cbrt(p));
    }
  })();
  const W = new Uint32Array(64);
  const rotr = (x, n) => (x >>> n) | (x << (32 - n));
  // compress takes one block of 16 words in W into the state s.
  function compress(s) {
    for (let i = 16; i < 64; i++) {
      const a = W[i - 15], b = W[i - 2];
      W[i] = (W[i - 16] + (rotr(a, 7) ^ rotr(a, 18) ^ (a >>> 3)) + W[i - 7] + (rotr(b, 17) ^ rotr(b, 19) ^ (b >>> 10))) | 0;
    }
    let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const t2 = ((rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
  }
  function sha256(bytes) {
    const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
    padded.set(bytes);
    padded[bytes.length] = 0x80;
    const view = new DataView(padded.buffer), s = H.slice();
    view.setUint32(padded.length - 8, Math.floor(bytes.length / 536870912));
    view.setUint32(padded.length - 4, bytes.length << 3);
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 16; i++) { W[i] = view.getUint32(at + 4 * i); }
      compress(s);
    }
    return s;
  }
  // search works in short turns, so that the page stays alive; it calls done
  // with the number, unless it was told to stop.
  function search(challenge, subject, bits, done) {
    const first = sha256(new TextEncoder().encode(challenge + "\n" + subject)), s = new Uint32Array(8);
    let n = 0, stopped = false;
    function turn() {
      if (stopped) { return; }
      const end = performance.now() + 24;
      do {
        for (let k = 0; k < 256; k++, n++) {
          W.set(first);
          W[8] = Math.floor(n / 4294967296); W[9] = n >>> 0; W[10] = 0x80000000;
          W[11] = W[12] = W[13] = W[14] = 0; W[15] = 320;
          s.set(H);
          compress(s);
          if (Math.clz32(s[0]) >= bits) { done(String(n)); return; }
        }
      } while (performance.now() < end);
      setTimeout(turn, 0);
    }
    setTimeout(turn, 0);
    return () => { stopped = true; };
  }

  const form = document.querySelector("form[data-work]");
  if (!form) { return; }
  const email = form.elements.email, challenge = form.elements.challenge, solution = form.elements.solution;
  const status = form.querySelector("[data-work-status]"), bits = Number(form.dataset.work);
  let subject = null, stop = null, waiting = false;

  function begin() {
    const now = email.value.trim().toLowerCase();
    if (now === subject || now === "") { return; }
    if (stop) { stop(); }
    subject = now;
    solution.value = "";
    stop = search(challenge.value, now, bits, (n) => {
      stop = null;
      solution.value = n;
      status.textContent = form.dataset.ready;
      if (waiting) { waiting = false; form.submit(); }
    });
  }
  email.addEventListener("change", begin);
  form.addEventListener("submit", (event) => {
    begin();
    if (subject !== null && solution.value === "" && email.value.trim() !== "") {
      event.preventDefault();
      waiting = true;
      status.textContent = form.dataset.working;
    }
  });
  begin(); // a form that came back has its address already
})();
