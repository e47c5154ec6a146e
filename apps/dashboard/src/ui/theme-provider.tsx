import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/baseline.css';
import '@mantine/core/styles/global.css';
import '@mantine/core/styles/ScrollArea.css';
import '@mantine/core/styles/UnstyledButton.css';
import '@mantine/core/styles/Paper.css';
import '@mantine/core/styles/Popover.css';
import '@mantine/core/styles/CloseButton.css';
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Menu.css';
import '@mantine/core/styles/Tooltip.css';
import {
  createTheme,
  localStorageColorSchemeManager,
  MantineProvider,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import type { ReactNode } from 'react';
import { Notices } from './notify.tsx';
import '../tokens.css';
import '../global.css';
import './mantine-overrides.css';

/** Same key as public/color-scheme.js, which sets the theme before the first paint. */
const colorSchemes = localStorageColorSchemeManager({ key: 'switchyard-color-scheme' });

const theme = createTheme({
  fontFamily: 'var(--font-sans)',
  fontFamilyMonospace: 'var(--font-mono)',
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
});

export function ThemeProvider(props: { children: ReactNode }) {
  return (
    <MantineProvider theme={theme} colorSchemeManager={colorSchemes} defaultColorScheme="auto">
      {props.children}
      <Notices />
    </MantineProvider>
  );
}

export type ColorScheme = 'light' | 'dark' | 'auto';

/** What was chosen, and what it comes to now. */
export function useColorScheme(): {
  chosen: ColorScheme;
  shown: 'light' | 'dark';
  choose: (scheme: ColorScheme) => void;
} {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return { chosen: colorScheme, shown: useComputedColorScheme('light'), choose: setColorScheme };
}
