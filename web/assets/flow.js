// A page that shows one flow: the server knows where the person stands, the page draws it, takes steps,
// and waits by a long poll for what the app changes.

import { api, flows } from './api.js';
import { offerHelp } from './help-link.js';
import { address, keepInAddress, lang, query } from './i18n.js';
import { $, busy, fieldErrors, later, notice, wait, words } from './ui.js';

const LOCK = 600; // s; a longer wait shuts no button: something else may be typed meanwhile
const gone = (refusal) => refusal.status === 404 || refusal.status === 410;
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const said = (refusal) => (refusal.code === 'throttled' ? 'app.throttled' : words(refusal));

// `show(flow, came)` draws it, `came`: to a state that was not shown before; `refused(refusal, name)`
// is true when it has told the person itself; `over` and `reread` are the words for a flow that ended
// and for one that another window moved on.
export function flowPage({ kind, over, reread, show, draw, refused }) {
  const page = { kind, flow: null, adopt, move, step, open, leave };
  let shown = null;
  let polling = null;

  function adopt(flow, focus = true) {
    page.flow = flow;
    keepInAddress({ flow: flow.id });
    if (flow.kind !== kind) {
      location.replace(address(`/kabinet/${flow.kind}`, { flow: flow.id }));
      return;
    }
    const came = focus && shown !== flow.state;
    shown = flow.state;
    show(flow, came);
    draw();
    if (flow.state === 'activate') poll();
  }

  // ---- waiting for the app ----

  // One poll at a time, for as long as the page shows what the app may change.
  async function poll() {
    const { id } = page.flow;
    const here = () => page.flow?.id === id && page.flow.state === 'activate';
    if (polling === id) return;
    polling = id;
    while (here()) {
      try {
        const flow = await api('GET', `/flows/${encodeURIComponent(id)}?wait=25&version=${page.flow.version}`);
        if (here() && flow.version > page.flow.version) adopt(flow);
      } catch (refusal) {
        if (gone(refusal)) {
          if (here()) again();
          break;
        }
        await pause(3000);
      }
    }
    if (polling === id) polling = null;
  }

  // ---- its beginning and end ----

  async function start() {
    adopt(await flows.start({ kind, lang: lang() }), false);
  }

  function again() {
    page.flow = null;
    keepInAddress({ flow: null });
    start().then(() => notice('quiet', over)).catch((refusal) => notice('bad', said(refusal), {}, again));
  }

  async function look() {
    try {
      adopt(await flows.read(page.flow.id));
      notice('quiet', reread);
    } catch (refusal) {
      if (gone(refusal)) again();
      else notice('bad', said(refusal), {}, look);
    }
  }

  async function open() {
    const id = query().get('flow');
    try {
      if (id) adopt(await flows.read(id), false);
      else await start();
    } catch (refusal) {
      if (gone(refusal)) again();
      else if (!await refused(refusal)) notice('bad', said(refusal), {}, open);
    }
  }

  // To the sign-in; nothing was changed by what was left.
  async function leave() {
    try {
      if (page.flow) await flows.cancel(page.flow.id);
    } catch (refusal) {
      if (!gone(refusal)) {
        notice('bad', said(refusal), {}, leave);
        return;
      }
    }
    page.flow = null;
    location.assign(address('/kabinet/login', { flow: null }));
  }

  // ---- steps ----

  async function move(name, body) {
    adopt(await flows.step(page.flow.id, name, body));
  }

  async function refuse(refusal, name, { button, inputs, repeat }) {
    if (await refused(refusal, name)) return;
    if (gone(refusal)) again();
    else if (refusal.status === 409) await look();
    else if (refusal.status === 429 && refusal.retryAfter > LOCK) later(refusal.retryAfter, said(refusal));
    else if (refusal.status === 429) wait(button, refusal.retryAfter || 5, said(refusal));
    else if (refusal.status !== 422 || !fieldErrors(refusal, inputs)) {
      notice('bad', said(refusal), {}, refusal.status === 0 || refusal.status >= 500 ? repeat : undefined);
      offerHelp(refusal.code, kind, () => page.flow?.id);
    }
  }

  // Whether it was taken. `inputs`: fields by the names that refusals give them.
  async function step(name, body, form, inputs = {}, button = form.querySelector('button[type=submit]')) {
    if (form.getAttribute('aria-busy') === 'true' || button.dataset.wait) return false;
    notice();
    busy(form, true);
    try {
      await move(name, body);
      return true;
    } catch (refusal) {
      await refuse(refusal, name, { button, inputs, repeat: () => step(name, body, form, inputs, button) });
      return false;
    } finally {
      busy(form, false);
      if (page.flow) draw();
    }
  }

  return page;
}

// The person is at this one of the marks above the form, from 0: those before it are done.
export function markSteps(at) {
  Array.from($('steps').children).forEach((mark, i) => {
    if (i === at) mark.setAttribute('aria-current', 'step');
    else mark.removeAttribute('aria-current');
    mark.classList.toggle('past', i < at);
  });
}
