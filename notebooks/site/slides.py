def write(this, folder): pass
def reveal(target): pass
LESSONS=()
