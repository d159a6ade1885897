export const a = 1
import.meta.hot.acceptExports(() => {})
