// Sets the theme before the first paint. A file of its own, so that no page needs an inline script.
(() => {
  let chosen = 'auto';
  try {
    chosen = localStorage.getItem('switchyard-color-scheme') || 'auto';
  } catch {
    // Storage may be refused; the system decides then.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
