import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { store } from './api/store.ts';
import { LiveFeedProvider } from './live/live-feed-provider.tsx';
import { router } from './router.tsx';
import { ThemeProvider } from './ui/theme-provider.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');

createRoot(root).render(
  <StrictMode>
    <Provider store={store}>
      <ThemeProvider>
        <LiveFeedProvider>
          <RouterProvider router={router} />
        </LiveFeedProvider>
      </ThemeProvider>
    </Provider>
  </StrictMode>,
);
