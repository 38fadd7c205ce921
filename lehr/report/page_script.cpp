#include "lehr/report/page_parts.hpp"

namespace lehr::report {

std::string_view page_script() {
  return R"js(
'use strict';

// ---- tables: a click on a heading sorts, numbers by value, the rest by text
for (const table of document.querySelectorAll('table')) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const value = (row, column) => {
    const cell = row.cells[column], number = cell.dataset.value ?? cell.textContent;
    return number.trim() !== '' && !Number.isNaN(Number(number)) ? Number(number) : cell.textContent;
  };
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    const compare = (a, b) => {  // numbers first, in both directions
      if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
      return sign * (typeof a === 'number' ? a - b : collator.compare(a, b));
    };
    heads.forEach(other => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
    body.append(...[...body.rows].sort((a, b) => compare(value(a, column), value(b, column))));
  }));
}

// ---- code: copy
for (const button of document.querySelectorAll('button[data-copy]')) button.addEventListener('click', async event => {
  event.preventDefault();
  const code = button.closest('details').querySelector('code');
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand('copy');
  }
  button.textContent = 'copied';
  setTimeout(() => { button.textContent = 'copy'; }, 1500);
});

// ---- figures: coordinates under the pointer, drag to zoom, Ctrl and wheel to zoom, double click to go back
const shape = (svg, name, style) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  element.setAttribute('class', style);
  svg.append(element);
  return element;
};
const place = (element, attributes) => {
  for (const key in attributes) element.setAttribute(key, attributes[key]);
};

for (const svg of document.querySelectorAll('figure svg')) {
  const original = svg.cloneNode(true), home = svg.viewBox.baseVal, all = [home.x, home.y, home.width, home.height];
  const [left, top, width, height] = svg.dataset.box.split(' ').map(Number);
  const scale = text => {
    const [low, high] = text.split(' ').map(Number), log = text.endsWith('log');
    return share => log ? low * (high / low) ** share : low + share * (high - low);
  };
  const x = scale(svg.dataset.x), y = scale(svg.dataset.y);
  const figure = svg.closest('figure'), readout = figure.querySelector('.readout');
  const at = event => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const show = (bx, by, bw, bh) => svg.setAttribute('viewBox', [bx, by, bw, bh].join(' '));
  const across = shape(svg, 'line', 'cross'), up = shape(svg, 'line', 'cross'), lens = shape(svg, 'rect', 'lens');
  let start = null;

  const follow = p => {
    const inside = p.x >= left && p.x <= left + width && p.y >= top && p.y <= top + height;
    across.style.display = up.style.display = inside ? '' : 'none';
    readout.hidden = !inside;
    if (!inside) return;
    place(across, { x1: left, x2: left + width, y1: p.y, y2: p.y });
    place(up, { x1: p.x, x2: p.x, y1: top, y2: top + height });
    const digits = value => String(Number(value.toPrecision(4)));
    readout.textContent = `x ${digits(x((p.x - left) / width))}   y ${digits(y((top + height - p.y) / height))}`;
  };
  const box = p => ({ x: Math.min(p.x, start.x), y: Math.min(p.y, start.y),
    width: Math.abs(p.x - start.x), height: Math.abs(p.y - start.y) });
  const end = () => { start = null; lens.style.display = 'none'; };
  const leave = () => { across.style.display = up.style.display = 'none'; readout.hidden = true; };
  end();
  leave();

  svg.addEventListener('pointerdown', event => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    start = at(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener('pointermove', event => {
    const p = at(event);
    follow(p);
    if (!start) return;
    lens.style.display = '';
    place(lens, box(p));
  });
  svg.addEventListener('pointerup', event => {
    if (!start) return;
    const b = box(at(event)), view = svg.viewBox.baseVal;
    end();
    if (b.width < view.width / 50 || b.height < view.height / 50) return;
    const factor = Math.max(b.width / all[2], b.height / all[3]), w = all[2] * factor, h = all[3] * factor;
    show(b.x + (b.width - w) / 2, b.y + (b.height - h) / 2, w, h);
  });
  svg.addEventListener('pointercancel', end);
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('dblclick', () => show(...all));
  svg.addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const p = at(event), view = svg.viewBox.baseVal;
    const factor = Math.min(Math.exp(event.deltaY / 300), all[2] / view.width);
    if (view.width * factor >= all[2] * 0.999) return show(...all);
    show(p.x + (view.x - p.x) * factor, p.y + (view.y - p.y) * factor, view.width * factor, view.height * factor);
  }, { passive: false });

  figure.querySelector('button[data-save]').addEventListener('click', event => {
    const text = new XMLSerializer().serializeToString(original);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    link.download = event.currentTarget.dataset.save;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
)js";
}

}  // namespace lehr::report
