/** Two tracks that part: a switch. */
export function Logo() {
  return (
    <svg
      width="24"
      height="24"
      viewBox="0 0 32 32"
      fill="none"
      strokeWidth="3.2"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <rect width="32" height="32" rx="7" fill="#2f4bc7" />
      <path d="M6 23h20" stroke="#fff" />
      <path d="M6 23c8 0 9-14 20-14" stroke="#ffb454" />
    </svg>
  );
}
