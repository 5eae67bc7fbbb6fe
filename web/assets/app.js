// The app as a plain page: its screens and its activation. What an active device does is in app-live.js.

import { phone as gateway } from './app-api.js';
import { create, forget, load, save } from './app-key.js';
import { screen as liveScreen } from './app-live.js';
import { offerHelp } from './help-link.js';
import { address, onLanguage, put, startLanguage, t, time } from './i18n.js';
import { sure } from './sure.js';
import { $, busy, fieldError, fieldErrors, notice, sentence, wait, words } from './ui.js';

const SCREENS = { number: 'phone', secret: 'secret-title', proof: 'proof-title', held: 'held-title', live: 'challenges-title' };
const REFUSALS = {
  device_unknown: 'app.removed',
  clock_skew: 'app.clock',
  signature_invalid: 'app.unsigned',
  signature_replayed: 'app.unsigned',
  throttled: 'app.throttled',
  challenge_burned: 'app.burned',
};
let device = null;
let qr = null; // the secret of a QR code's link
let asked = null; // what the last activation was asked with
const live = liveScreen({ device: () => device, refused, active });

// ---- screens ----------------------------------------------------------------------------

function show(screen, move = true) {
  for (const name of Object.keys(SCREENS)) $(name).hidden = name !== screen;
  $('forgetting').hidden = !device?.id;
  $('scanned').hidden = !qr;
  $('otp-field').hidden = Boolean(qr);
  $('again').hidden = !asked;
  $('asking').hidden = device?.state === 'removed';
  $('reactivate').hidden = device?.state !== 'removed';
  if (screen !== 'live') live.stop();
  if (move) $(SCREENS[screen]).focus();
}

const said = (refusal) => (refusal.code.startsWith('bmg_') ? 'app.bmg' : REFUSALS[refusal.code] ?? words(refusal));

async function hold(until) {
  Object.assign(device, { state: 'held', until: until ?? device.until });
  await save(device);
  put($('held-until'), device.until ? 'app.held.until' : null, { time: time(device.until) });
  show('held');
}

async function active() {
  if (device.state === 'active') return;
  device.state = 'active';
  await save(device);
}

function open(word) {
  show('live', Boolean(word));
  if (word) notice('good', word);
  live.start();
}

async function removed(word) {
  await forget();
  device = await create();
  asked = null;
  live.clear();
  show('number');
  notice(word === 'app.forgotten' ? 'good' : 'bad', word);
}

// For 30 days a device that was removed may read the feed and object; then its key is worth nothing.
async function unbound() {
  live.stop();
  if (device.state !== 'active' && device.state !== 'removed') {
    await removed('app.removed');
    return;
  }
  try {
    await live.readFeed();
  } catch (refusal) {
    await (refusal.code === 'device_unknown' ? removed('app.removed') : refused(refusal, unbound));
    return;
  }
  device.state = 'removed';
  await save(device);
  show('live', false);
  notice('bad', 'app.removed.feed');
}

// What went wrong, wherever it did.
async function refused(refusal, again) {
  if (refusal.status === undefined) {
    notice('bad', 'app.no_keys');
    throw refusal;
  }
  if (refusal.code === 'device_unknown') await unbound();
  else if (refusal.code === 'device_held') await hold(refusal.until);
  else {
    notice('bad', said(refusal), {}, again);
    offerHelp(refusal.code, 'app');
  }
}

async function submit(form, inputs, work) {
  const button = form.querySelector('button[type=submit]');
  if (form.getAttribute('aria-busy') === 'true' || button.dataset.wait) return;
  for (const input of Object.values(inputs)) fieldError(input, null);
  notice();
  busy(form, true);
  try {
    await work();
  } catch (refusal) {
    if (refusal.status === 429) wait(button, refusal.retryAfter || 60, said(refusal));
    else if (refusal.code === 'proof_wrong') wrong($('sms'), 'proof_code');
    else if (!(refusal.status === 422 && fieldErrors(refusal, inputs))) await refused(refusal);
  } finally {
    busy(form, false);
  }
}

function wrong(input, code) {
  fieldError(input, code);
  input.focus();
}

// ---- activation -------------------------------------------------------------------------

// ISO/IEC 7064 MOD 11,10: a slip is found here and costs no try.
function checkDigit(digits) {
  let product = 10;
  for (const digit of digits) product = (((product + Number(digit)) % 10 || 10) * 2) % 11;
  return (11 - product) % 10;
}
const otpIsRight = (otp) => /^\d{13}$/.test(otp) && checkDigit(otp.slice(0, 12)) === Number(otp[12]);

async function activate(fields) {
  await save(device); // a key that the gateway knows must not be lost
  const answer = await gateway.activate(device, fields);
  Object.assign(device, { id: answer.device_id, state: 'proving' });
  await save(device);
  asked = fields;
}

$('number').addEventListener('submit', (event) => {
  event.preventDefault();
  notice();
  fieldError($('phone'), null);
  fieldError($('terms'), null);
  if ($('phone').value.replace(/\D/g, '').length < 10) wrong($('phone'), $('phone').value.trim() ? 'phone_short' : 'missing');
  else if (!$('terms').checked) wrong($('terms'), 'consent_required');
  else show('secret');
});

$('secret').addEventListener('submit', (event) => {
  event.preventDefault();
  const otp = $('otp').value.replace(/[\s-]/g, '');
  if (!qr && !otpIsRight(otp)) {
    wrong($('otp'), otp ? 'one_time_password' : 'missing');
    return;
  }
  const proof = qr ? { qr } : { one_time_password: otp };
  submit($('secret'), { one_time_password: $('otp'), qr: $('otp') }, async () => {
    await activate({ phone: $('phone').value.trim(), ...proof });
    $('sms').value = '';
    show('proof');
  });
});

$('proof').addEventListener('submit', (event) => {
  event.preventDefault();
  const code = $('sms').value.replace(/\s/g, '');
  if (!code) wrong($('sms'), 'missing');
  else {
    submit($('proof'), { code: $('sms') }, async () => {
      const answer = await gateway.proof(device, code);
      qr = null;
      asked = null;
      if (answer.state === 'held') {
        await hold(answer.held_until);
        return;
      }
      await active();
      open('app.active');
    });
  }
});

$('again').addEventListener('click', async () => {
  notice();
  try {
    await activate(asked);
    notice('good', 'app.sent');
  } catch (refusal) {
    if (refusal.status === 429) wait($('again'), refusal.retryAfter || 60, said(refusal));
    else await refused(refusal);
  }
});
for (const id of ['other-number', 'start-over']) $(id).addEventListener('click', () => show('number'));
$('look-again').addEventListener('click', () => open());
$('reactivate').addEventListener('click', () => removed('app.forgotten'));

// ---- the page ---------------------------------------------------------------------------

$('forget').addEventListener('click', async () => {
  if (await sure('app.forget', 'app.forget.ask')) await removed('app.forgotten');
});

// The secret of a QR code's link leaves the address at once. An active device takes it for a challenge's.
function takeSecret() {
  const secret = location.hash.slice(1);
  if (!secret) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return /^[\w-]{8,128}$/.test(secret) ? secret : null;
}

async function begin() {
  if (device.state === 'removed') {
    if (!qr) {
      await unbound();
      return;
    }
    device = await create();
  }
  if (device.state !== 'active' && device.state !== 'held') {
    show(device.state === 'proving' && !qr ? 'proof' : 'number', false);
    return;
  }
  open();
  if (qr) claim(qr);
  qr = null;
}

async function claim(secret) {
  try {
    await live.claim(secret);
  } catch (refusal) {
    if (refusal.status === 404 || refusal.status === 410) notice('bad', 'app.qr_unknown');
    else await refused(refusal, () => claim(secret));
  }
}

addEventListener('hashchange', () => {
  qr = takeSecret() ?? qr;
  if (qr) begin();
});

onLanguage(() => {
  $('terms-label').replaceChildren(...sentence(t('consent.terms.label'), t('consent.terms.link'), address('/kabinet/consents/terms')));
  live.draw();
});

qr = takeSecret();
await startLanguage();
try {
  device = await load() ?? await create();
  await begin();
} catch (error) {
  notice('bad', 'app.no_keys');
  throw error;
}
