const SHAPES = {
  mark: '<path d="M3 8V5a2 2 0 0 1 2-2h3M12 3h3a2 2 0 0 1 2 2v3M17 12v3a2 2 0 0 1-2 2h-3M8 17H5a2 2 0 0 1-2-2v-3"/><circle cx="10" cy="10" r="2.5" fill="currentColor" stroke="none"/>',
  live: '<rect x="3" y="4" width="6" height="5" rx="1"/><rect x="11" y="4" width="6" height="5" rx="1"/><rect x="3" y="11" width="6" height="5" rx="1"/><rect x="11" y="11" width="6" height="5" rx="1"/>',
  alerts: '<path d="M5.5 13.5V9a4.5 4.5 0 0 1 9 0v4.5M4 13.5h12M8.5 16.5h3"/>',
  fleet: '<rect x="3" y="4" width="14" height="5" rx="1.5"/><rect x="3" y="11" width="14" height="5" rx="1.5"/><path d="M6 6.5h.01M6 13.5h.01M10 6.5h4M10 13.5h4"/>',
  settings: '<path d="M3 6h7M14 6h3M3 14h3M10 14h7"/><circle cx="12" cy="6" r="2"/><circle cx="8" cy="14" r="2"/>',
  add: '<path d="M10 4v12M4 10h12"/>',
  help: '<path d="M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.8M10 14.5h.01"/>',
  start: '<path d="M6.5 4.5v11l9-5.5z"/>',
  stop: '<rect x="5" y="5" width="10" height="10" rx="1"/>',
  detect: '<path d="M3 7V4.5A1.5 1.5 0 0 1 4.5 3H7M13 3h2.5A1.5 1.5 0 0 1 17 4.5V7M17 13v2.5a1.5 1.5 0 0 1-1.5 1.5H13M7 17H4.5A1.5 1.5 0 0 1 3 15.5V13"/><circle cx="10" cy="8" r="1.7"/><path d="M6.8 14c.4-1.9 1.6-3 3.2-3s2.8 1.1 3.2 3"/>',
  snapshot: '<path d="M3 7a1 1 0 0 1 1-1h2.5l1.2-2h4.6l1.2 2H16a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z"/><circle cx="10" cy="10.8" r="2.8"/>',
  edit: '<path d="M4 16l.8-3.2L13 4.6l2.4 2.4-8.2 8.2zM11.5 6.1l2.4 2.4"/>',
  remove: '<path d="M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10M8.5 9v4.5M11.5 9v4.5"/>',
  back: '<path d="M12 4.5L6.5 10l5.5 5.5"/>',
  next: '<path d="M8 4.5l5.5 5.5L8 15.5"/>',
  more: '<path d="M5 10h.01M10 10h.01M15 10h.01"/>',
  close: '<path d="M5 5l10 10M15 5L5 15"/>',
  info: '<circle cx="10" cy="10" r="7"/><path d="M10 9.5v4M10 6.5h.01"/>',
  warning: '<path d="M10 3.5l7 12.5H3zM10 8.5v3.5M10 14h.01"/>',
  alarm: '<path d="M7 3h6l4 4v6l-4 4H7l-4-4V7zM10 6.5v4.5M10 13.5h.01"/>',
};

/** A 20 px line drawing, hidden from screen readers: what it stands beside says it in words. */
export function icon(name) {
  const box = document.createElement("span");
  box.className = `icon icon-${name}`;
  box.setAttribute("aria-hidden", "true");
  box.innerHTML = `<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${SHAPES[name]}</svg>`;
  return box;
}
