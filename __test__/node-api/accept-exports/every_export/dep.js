export const a = 1
export const b = 2
import.meta.hot.acceptExports(['a', 'b'])
