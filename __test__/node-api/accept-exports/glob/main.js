import.meta.glob('./d*.js', { import: 'a' })
