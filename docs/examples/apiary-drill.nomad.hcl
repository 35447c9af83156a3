# nomad job run apiary-drill.nomad.hcl: a drill every Monday night. A drill that is not PASS exits with 1, 2 or 3, so that its
# allocation is `failed`; docs/unattended.md says what the client has to have.
job "apiary-drill" {
  datacenters = ["*"]
  type        = "batch"

  periodic {
    crons            = ["17 3 * * 1"]
    time_zone        = "America/New_York"
    prohibit_overlap = true
  }

  group "drill" {
    # A second attempt would say nothing else of the same backup.
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }

    volume "backups" {
      type      = "host"
      source    = "apiary-backups"
      read_only = true
    }
    # Reports, history, and what says which drills are alive.
    volume "drills" {
      type   = "host"
      source = "apiary-drills"
    }

    task "verify" {
      driver       = "docker"
      user         = "10001:10001"
      kill_timeout = "2m"

      config {
        image        = "apiary-drill/tool:bookworm"
        network_mode = "none"
        group_add    = ["999"] # of the engine's socket: stat -c %g /var/run/docker.sock
        volumes      = ["/var/run/docker.sock:/var/run/docker.sock"]
        args = [
          "verify", "--config", "${NOMAD_TASK_DIR}/apiary-drill.toml", "--app-key-file", "${NOMAD_SECRETS_DIR}/app-key",
          "--runtime", "docker", "--html", "/drills/latest.html",
        ]
      }

      volume_mount {
        volume      = "backups"
        destination = "/backups"
        read_only   = true
      }
      volume_mount {
        volume      = "drills"
        destination = "/drills"
      }

      # nomad var put nomad/jobs/apiary-drill app_key=base64:…
      template {
        destination = "secrets/app-key"
        perms       = "0400"
        uid         = 10001
        gid         = 10001
        change_mode = "noop"
        data        = "{{ with nomadVar \"nomad/jobs/apiary-drill\" }}{{ .app_key }}{{ end }}"
      }
      template {
        destination = "local/apiary-drill.toml"
        change_mode = "noop"
        data        = <<-EOF
          [backup]
          name = "production"
          dump = "/backups/apiary-*.sql.gz"
          storage = "/backups/storage-*.tar.gz"
        EOF
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
