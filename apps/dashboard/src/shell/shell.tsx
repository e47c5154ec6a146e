import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { Activity, Boxes, ListTree, Search, Waypoints } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useListAlertsQuery } from '../api/api.ts';
import { TimeRangeProvider } from '../time/use-time-range.tsx';
import { COMMAND_KEY, Keys } from '../ui/kbd.tsx';
import { ColorSchemeMenu } from './color-scheme-menu.tsx';
import { LiveIndicator } from './live-indicator.tsx';
import { Logo } from './logo.tsx';
import styles from './shell.module.css';
import { TimeRangePicker } from './time-range-picker.tsx';
import { useShortcuts } from './use-shortcuts.ts';

// Dialogs are loaded when one is first asked for.
const KeyboardSheet = lazy(() => import('./keyboard-sheet.tsx').then((module) => ({ default: module.KeyboardSheet })));
const CommandPalette = lazy(() =>
  import('./command-palette.tsx').then((module) => ({ default: module.CommandPalette })),
);

export const PAGES = [
  { to: '/', label: 'Overview', key: 'o', icon: Activity },
  { to: '/models', label: 'Models', key: 'm', icon: Boxes },
  { to: '/endpoints', label: 'Endpoints', key: 'e', icon: Waypoints },
  { to: '/predictions', label: 'Predictions', key: 'p', icon: ListTree },
] as const;

type Shown = 'unloaded' | 'open' | 'closed';

export function Shell() {
  return (
    <TimeRangeProvider>
      <Frame />
    </TimeRangeProvider>
  );
}

function Frame() {
  const navigate = useNavigate();
  const [help, setHelp] = useState<Shown>('unloaded');
  const [palette, setPalette] = useState<Shown>('unloaded');
  const alerts =
    useListAlertsQuery(undefined, { pollingInterval: 15_000, skipPollingIfUnfocused: true }).data?.items ?? [];
  useShortcuts({
    onHelp: () => setHelp((shown) => (shown === 'open' ? 'closed' : 'open')),
    onPalette: () => setPalette('open'),
    onGo: (key) => {
      const page = PAGES.find((one) => one.key === key);
      if (page !== undefined) void navigate({ to: page.to });
    },
  });
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        Skip to content
      </a>
      <nav className={styles.navigation} aria-label="Pages">
        <Link to="/" className={styles.brand} aria-label="Switchyard, overview">
          <Logo />
          <span>Switchyard</span>
        </Link>
        <ul>
          {PAGES.map((page) => (
            <li key={page.to}>
              <Link
                to={page.to}
                activeOptions={{ exact: page.to === '/', includeSearch: false }}
                className={styles.link}
                title={page.label}
              >
                <page.icon size={16} aria-hidden="true" />
                <span>{page.label}</span>
                {page.to === '/' && alerts.length > 0 && (
                  <b className={styles.count}>
                    {alerts.length}
                    <span className="visually-hidden"> alerts</span>
                  </b>
                )}
              </Link>
            </li>
          ))}
        </ul>
        <div className={styles.foot}>
          <LiveIndicator />
          <button type="button" className={styles.link} onClick={() => setHelp('open')}>
            <Keys keys={['?']} />
            <span>Keyboard</span>
          </button>
        </div>
      </nav>
      <div className={styles.column}>
        <header className={styles.bar}>
          <button type="button" className={styles.search} onClick={() => setPalette('open')}>
            <Search size={14} aria-hidden="true" />
            <span>Search or jump to…</span>
            <Keys keys={[COMMAND_KEY, 'K']} />
          </button>
          <div className={styles.barEnd}>
            <TimeRangePicker />
            <ColorSchemeMenu />
          </div>
        </header>
        <main id="main" tabIndex={-1} className={styles.main}>
          <Outlet />
        </main>
      </div>
      {help !== 'unloaded' && (
        <Suspense>
          <KeyboardSheet opened={help === 'open'} onClose={() => setHelp('closed')} />
        </Suspense>
      )}
      {palette !== 'unloaded' && (
        <Suspense>
          <CommandPalette
            opened={palette === 'open'}
            onClose={() => setPalette('closed')}
            onHelp={() => setHelp('open')}
          />
        </Suspense>
      )}
    </div>
  );
}
