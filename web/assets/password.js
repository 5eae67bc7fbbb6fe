// A field for a new password: the list of rules is the server's (GET /meta), marked while one types.

import { t } from './i18n.js';
import { el } from './ui.js';

export function checklist(list, input, rules) {
  const met = (rule, typed) => {
    const normal = typed.normalize('NFKC');
    return rule.pattern ? new RegExp(rule.pattern).test(normal) : Array.from(normal).length >= rule.min_length;
  };
  const draw = () => {
    list.replaceChildren(...rules.map((rule) => {
      const good = met(rule, input.value);
      return el('li', { class: good ? 'met' : '' }, el('span', {}, t(`rule.${rule.id}`, { n: rule.min_length }),
        el('span', { class: 'unseen' }, `: ${t(good ? 'password.rule_met' : 'password.rule_unmet')}`)));
    }));
  };
  input.addEventListener('input', draw);
  return { draw, broken: () => rules.find((rule) => !met(rule, input.value))?.id };
}
